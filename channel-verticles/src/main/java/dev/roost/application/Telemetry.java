package dev.roost.application;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;

/**
 * What happens in an application, told to whoever wants to count or trace it. Names and moments are
 * Phoenix's (Z-2 to Z-4). Callbacks are told of on their virtual threads, which wait: be quick, and
 * expect several at a time. Presences and bounds may be told of on the event loop of their host:
 * never block there. Whatever is thrown here is logged, ten times a second, and harms nobody.
 *
 * <p>Each call of connect, join and handleIn leads to one event: when it has returned or thrown,
 * or, as crashed and whatever it returns later, when it is ended before that: after {@code
 * callback-timeout}, or as its host is undeployed and it has not returned within {@code
 * replace-timeout}. Those come on a thread of their own, all of a second together; the last ones of
 * a host are waited for as long as it waits for callbacks. Nothing is told of what was never
 * called: connects from an origin that the handler refuses, joins that were over before their turn
 * came, and events that waited in the mailbox of a channel when it ended, or found it full. Nor of
 * what a process that is killed had begun.
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

  /** What an application's channels are bounded by, each by the name of its option. */
  enum Bound {
    /** Messages that wait for one channel. */
    MAILBOX_MESSAGES,
    /** Their bytes. */
    MAILBOX_BYTES,
    /** What clients' events take that wait for all channels of the process. */
    MAILBOX_TOTAL_BYTES,
    /** A callback takes long; it goes on. */
    CALLBACK_WARNING,
    /** A callback, or a socket handler, took too long. */
    CALLBACK_TIMEOUT,
    /** Presences of one socket. */
    PRESENCE_SOCKET_PRESENCES,
    /** Its tracks and updates a second. */
    PRESENCE_SOCKET_RATE,
    /** Presences in one topic. */
    PRESENCE_TOPIC_PRESENCES,
    /** Their JSON. */
    PRESENCE_TOPIC_BYTES,
    /** JSON of one presence's meta. */
    PRESENCE_META_BYTES,
    /** A look-up for presences took too long. */
    PRESENCE_FETCH_TIMEOUT;

    /** The option, as it is written in settings: {@code mailbox-messages}. */
    public String option() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
  }

  /** Why a presence ended. */
  enum Cause {
    /** {@code untrack} was called. */
    UNTRACKED,
    /** Who tracked has ended: the channel, its socket, the deployment. */
    ENDED,
    /** The topic has another host, which has no room for it; the log says which. */
    LOST
  }

  /** One event; durations are those of the user's callback alone, on a monotonic clock. */
  sealed interface Event {

    /**
     * A socket handler decided ({@code phoenix.socket_connected}). One that takes longer than the
     * gateway's connect-timeout is told of as what it decides, though its client has got a 503; one
     * that takes longer than callback-timeout has crashed. Gateways that decide by a token alone
     * tell of nothing here.
     */
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

    /**
     * Somebody is present, tracked from this node, and stays so until a {@link PresenceLeft}; an
     * update of the meta is no event. Not Phoenix's, like all of presences.
     */
    record PresenceTracked(String application, String topic, String key) implements Event {}

    /** A presence that was tracked from this node has ended. */
    record PresenceLeft(String application, String topic, String key, Cause cause)
        implements Event {}

    /**
     * A {@code presence_diff} was broadcast in a topic that is hosted on this node.
     *
     * @param joins metas that came, those of updates included
     * @param leaves metas that went, those of updates included
     * @param bytes of its payload, which each member of the topic gets
     */
    record PresenceDiffSent(String application, String topic, int joins, int leaves, int bytes)
        implements Event {}

    /**
     * A bound stopped a client or a callback. Not Phoenix's. May come from any thread.
     *
     * @param route pattern of the topic, or path of the socket; empty for a presence in a topic
     *     without a route, and for its meta, which is written before its topic is known
     */
    record BoundReached(String application, String route, Bound bound) implements Event {}
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
