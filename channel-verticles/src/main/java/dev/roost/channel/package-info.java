/**
 * What applications write and call: {@code Channel}, {@code Socket}, the results a callback may
 * return, routes, {@code SocketHandler} and {@code Broadcaster}. This is the public API; everything
 * that runs it is in {@code dev.roost.host}.
 */
@NullMarked
package dev.roost.channel;

import org.jspecify.annotations.NullMarked;
