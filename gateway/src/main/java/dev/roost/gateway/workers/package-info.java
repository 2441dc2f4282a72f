/** Threads for what would keep an event loop busy, which come behind all others of the process. */
@NullMarked
package dev.roost.gateway.workers;

import org.jspecify.annotations.NullMarked;
