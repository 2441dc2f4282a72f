/**
 * What an application is and whom it lets in: routes from topics to channels, socket handlers for
 * connections, options, and the way to broadcast from outside any channel. Applications write these
 * values; {@code dev.roost.host} deploys them.
 */
@NullMarked
package dev.roost.application;

import org.jspecify.annotations.NullMarked;
