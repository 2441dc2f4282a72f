package dev.roost.application;

import java.time.Duration;
import java.util.Objects;

/**
 * What happens in an application, told to whoever wants to count or trace it. Names and moments are
 * Phoenix's (Z-2 to Z-4). Called on the virtual thread of the callback, which waits: be quick. An
 * exception thrown here is logged and harms nobody.
 */
public interface Telemetry {

  /** How a measured callback ended. */
  enum Outcome {
    OK,
    /** Connect or join refused, as the application decided. */
    REFUSED,
    /** The callback threw or answered what it may not. */
    CRASHED
  }

  /** One event; durations are those of the user's callback alone, on a monotonic clock. */
  sealed interface Event {

    /** A socket handler decided ({@code phoenix.socket_connected}). */
    record SocketConnected(
        String application,
        String path,
        String transport,
        String vsn,
        Outcome outcome,
        Duration duration)
        implements Event {}

    /** A channel's join returned ({@code phoenix.channel_joined}). */
    record ChannelJoined(String application, String topic, Outcome outcome, Duration duration)
        implements Event {}

    /** A channel's handleIn returned ({@code phoenix.channel_handled_in}). */
    record ChannelHandledIn(
        String application, String topic, String event, Outcome outcome, Duration duration)
        implements Event {}
  }

  /** Takes note of an event. */
  void record(Event event);

  /** Listens to nothing, at no cost. */
  static Telemetry none() {
    return None.INSTANCE;
  }

  /** Whether events are worth making. */
  default boolean isEnabled() {
    return true;
  }

  /** The default. */
  enum None implements Telemetry {
    INSTANCE;

    @Override
    public void record(Event event) {
      Objects.requireNonNull(event, "event");
    }

    @Override
    public boolean isEnabled() {
      return false;
    }
  }
}
