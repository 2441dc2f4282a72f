/** What Java has no word for where threads share processors: {@code Niceness}. */
@NullMarked
package dev.roost.threads;

import org.jspecify.annotations.NullMarked;
