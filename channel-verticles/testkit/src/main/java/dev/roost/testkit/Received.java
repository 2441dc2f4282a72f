package dev.roost.testkit;

import dev.roost.channel.Payload;
import org.jspecify.annotations.Nullable;

/** What a client in a test got from the server on one topic, in the order of arrival. */
public sealed interface Received {

  /** A push to this client alone; also what {@code handleOut} pushed for an intercepted event. */
  record Push(String event, Payload payload) implements Received {}

  /**
   * The answer to an event or a leave.
   *
   * @param ref as {@link TestChannel#push} returned it, null for an event sent without one
   */
  record Reply(@Nullable String ref, String status, Payload payload) implements Received {}

  /** A broadcast that no channel intercepted. */
  record Broadcast(String event, Payload payload) implements Received {}

  /** The channel ended as announced: a real client gets {@code phx_close}. */
  record Closed() implements Received {}

  /** The channel ended otherwise: a real client gets {@code phx_error} and joins again. */
  record Crashed() implements Received {}
}
