package dev.roost.channel;

import dev.roost.presence.Presence;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A channel's end of its client's connection: what it sends with, and what it knows of the client.
 *
 * <p>Sending is safe from any thread, and what one thread sends leaves in the order of its calls.
 * It waits for nobody's answer; only a virtual thread that sends faster than the host can pass on,
 * with 65,536 messages ahead of it, waits for room. Once the channel is over, sending does nothing.
 * Payloads of pushes and broadcasts are a JSON object (a record, a Map, a bean, Jackson's
 * ObjectNode), a {@link Payload} as it came, a list of presences, or a {@code byte[]} for binary;
 * anything else is an IllegalArgumentException before anything is sent (S-15). So is a payload of
 * more than 16 MiB, an event or topic of more than 21,845 characters, and with a binary payload one
 * of more than 255 bytes in UTF-8 (B-7).
 *
 * <p>A client that cannot take a binary payload goes without it, which its gateway counts: one of
 * version 1 of the protocol (S-8), of which the log has a warning a second too, and one over long
 * polling (G-71).
 *
 * <p>{@link #push}, {@link #broadcast}, {@link #broadcastFrom} and {@link #ref} throw an
 * IllegalStateException inside {@code join}, where the socket is not yet joined (J-14).
 */
public interface Socket {

  /** The joined topic. */
  String topic();

  /** The connection's id topic, empty when anonymous. */
  Optional<String> id();

  /** {@code websocket} or {@code longpoll}. */
  String transport();

  /** This channel's own state, beginning with what connect and the route assigned (J-7). */
  Assigns assigns();

  /** Sends to this client only (F-1); also an event that the route intercepts. */
  void push(String event, @Nullable Object payload);

  /**
   * Sends to every member of the topic, this one included (F-3). Where the route {@link
   * dev.roost.application.Route#intercept intercepts} the event each member's {@link
   * Channel#handleOut} gets it instead of the client (F-10); one whose mailbox is full crashes.
   */
  void broadcast(String event, @Nullable Object payload);

  /** The same to every member of the topic but this channel (F-4). */
  void broadcastFrom(String event, @Nullable Object payload);

  /** Who is present in this topic, and the way to be. */
  Presence presence();

  /**
   * The same for any topic of the application: what this channel tracks there ends with it as well.
   */
  Presence presence(String topic);

  /**
   * A reference to the message being handled, to answer it later (Y-4).
   *
   * @throws IllegalStateException unless called in {@code handleIn} on a message that has a ref
   */
  SocketRef ref();

  /**
   * Puts a message into this channel's mailbox, for {@link Channel#handleInfo}; allowed in {@code
   * join} as well. If the mailbox is full (1,000 messages or 16 MiB by default) the channel
   * crashes: its client gets {@code phx_error}, or {@code join crashed} for a join.
   *
   * @throws NullPointerException for a message that is null
   */
  void sendSelf(Object message);

  /**
   * The same, after a delay; what has not come by the end of the channel is cancelled with it. As
   * many messages may wait for their time as for a channel: {@code mailboxMessages}, 1,000 by
   * default, which nobody's events count in. Each is a timer of its own and keeps what it refers
   * to.
   *
   * @param delay in whole milliseconds, at least one: whatever is less counts as that
   * @throws IllegalArgumentException for more than 365 days
   * @throws IllegalStateException if so many wait already; nothing is sent
   * @throws NullPointerException for a delay or message that is null
   */
  void sendAfter(Duration delay, Object message);

  /**
   * Closes the client's connection at this time, with 3000, on which clients connect again; at once
   * if it has passed. Takes the place of what {@code connect} or an earlier call said, also of an
   * earlier end; null takes it back. A token that the gateway verified ends the connection all the
   * same. The client is told a minute before, see docs/tokens.md. Allowed in {@code join} as well.
   */
  void expireAt(@Nullable Instant time);

  /**
   * Stops the channel from outside its callbacks, after what is in the mailbox.
   *
   * @throws NullPointerException for a reason that is null
   */
  void stop(StopReason reason);
}
