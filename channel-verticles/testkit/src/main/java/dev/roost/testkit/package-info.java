/**
 * Drives an application's channels without sockets, for its tests: {@link
 * dev.roost.testkit.ChannelKit} runs it on the real runtime, {@link dev.roost.testkit.TestSocket}
 * is a client, {@link dev.roost.testkit.TestChannel} what it has joined and asserts on. The kit
 * stands in for a gateway on the bus; nothing else is simulated. A client for real sockets is in
 * {@code dev.roost.testkit.client}.
 */
@NullMarked
package dev.roost.testkit;

import org.jspecify.annotations.NullMarked;
