/** The application that {@code launcher/bench/presence.mjs} measures presence with. */
@NullMarked
package dev.roost.bench.crowd;

import org.jspecify.annotations.NullMarked;
