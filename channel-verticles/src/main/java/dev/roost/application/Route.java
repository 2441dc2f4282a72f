package dev.roost.application;

import dev.roost.channel.Channel;
import dev.roost.routing.RoutePattern;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;

/**
 * From topics to channels, with options.
 *
 * @param pattern which topics
 * @param channel makes the channel of one join
 * @param intercepted broadcasts of these events pass through each member's {@code handleOut} (F-14)
 * @param assigns laid over the socket's assigns at join
 * @param unhandledEvents what an event does that the channel does not know; default {@link
 *     UnhandledEvents#CRASH}
 */
public record Route(
    RoutePattern pattern,
    Supplier<? extends Channel> channel,
    Set<String> intercepted,
    Map<String, Object> assigns,
    UnhandledEvents unhandledEvents) {

  /** What an event does that the channel answers with {@code unhandled} (M-10). */
  public enum UnhandledEvents {
    /** The channel crashes: the client gets {@code phx_error}, as in Phoenix. */
    CRASH,
    /** A warning is logged, the event is dropped. */
    LOG,
    /** The client is answered status {@code error} with {@code {"reason": "unhandled event"}}. */
    REPLY_ERROR
  }

  public Route {
    Objects.requireNonNull(pattern, "pattern");
    Objects.requireNonNull(channel, "channel");
    Objects.requireNonNull(unhandledEvents, "unhandledEvents");
    intercepted = Set.copyOf(intercepted);
    assigns = Map.copyOf(assigns);
  }

  /** A route with the defaults; throws IllegalArgumentException for a misplaced {@code *}. */
  public static Route of(String pattern, Supplier<? extends Channel> channel) {
    return new Route(new RoutePattern(pattern), channel, Set.of(), Map.of(), UnhandledEvents.CRASH);
  }

  /** Broadcasts of these events go through {@code handleOut}; replaces an earlier list. */
  public Route intercept(String... events) {
    return new Route(pattern, channel, Set.of(events), assigns, unhandledEvents);
  }

  /**
   * Every channel of the route starts with this value.
   *
   * @throws NullPointerException if it is null: a name without a value is not assigned
   */
  public Route assign(String name, Object value) {
    Objects.requireNonNull(
        value, () -> "assign \"" + name + "\" is null: assign nothing where there is no value");
    var all = new java.util.HashMap<>(assigns);
    all.put(name, value);
    return new Route(pattern, channel, intercepted, all, unhandledEvents);
  }

  /** What an unknown event does. */
  public Route unhandledEvents(UnhandledEvents policy) {
    return new Route(pattern, channel, intercepted, assigns, policy);
  }

  /**
   * A channel for one join.
   *
   * @throws IllegalStateException if the supplier returns none
   */
  public Channel newChannel() {
    Channel made = channel.get();
    if (made == null) {
      throw new IllegalStateException(
          "the route "
              + pattern
              + " made no channel: its supplier returned null; return a new channel for each join,"
              + " for instance RoomChannel::new");
    }
    return made;
  }
}
