package dev.roost.gateway;

import java.util.Locale;

/**
 * The bounds of a gateway, each by the name of its option. {@link GatewayMetrics#limitReached}
 * counts how often one stopped somebody; docs/security.md says what is answered then.
 */
public enum Limit {
  /** All connections and long-poll sessions of the process. */
  MAX_CONNECTIONS,
  /** Those of one client address. */
  MAX_CONNECTIONS_PER_ADDRESS,
  /** Requests for a socket, of the process. */
  HANDSHAKES_PER_SECOND,
  /** Those of one client address. */
  HANDSHAKES_PER_SECOND_PER_ADDRESS,
  /** Connects that wait for their socket handler. */
  MAX_PENDING_CONNECTS,
  /** How long a connection may be there without asking for anything. */
  HANDSHAKE_TIMEOUT,
  /** How long a socket handler may take. */
  CONNECT_TIMEOUT,
  /** The line of a request, with its query. */
  MAX_REQUEST_LINE_BYTES,
  /** The headers of a request. */
  MAX_HEADER_BYTES,
  /** One WebSocket frame. */
  MAX_FRAME_BYTES,
  /** A message of several frames. */
  MAX_MESSAGE_BYTES,
  /** The frames of one message. */
  MAX_FRAGMENTS,
  /** The large messages of all clients of the process until they are decoded. */
  MAX_UNFINISHED_BYTES,
  /** How deep the JSON of a message is nested. */
  MAX_JSON_DEPTH,
  /** The topic of a message. */
  MAX_TOPIC_BYTES,
  /** The event of a message. */
  MAX_EVENT_BYTES,
  /** Joined topics of a socket. */
  MAX_CHANNELS,
  /** Joins of a socket. */
  JOINS_PER_SECOND,
  /** Messages of a socket. */
  EVENTS_PER_SECOND,
  /** Joins and new tokens of a socket that a gateway itself refuses. */
  REFUSALS_PER_SECOND,
  /** Pings and pongs of a socket. */
  PINGS_PER_SECOND,
  /** Polls of a long-poll session. */
  POLLS_PER_SECOND,
  /** New tokens of a socket. */
  TOKEN_RENEWALS_PER_SECOND,
  /** Bytes of its messages and pings. */
  BYTES_PER_SECOND,
  /** What waits for a client that does not read, or does not poll. */
  MAX_QUEUED_BYTES,
  /** What large messages to all clients of the process wait. */
  MAX_QUEUED_TOTAL_BYTES,
  /** How long a socket may take nothing of what waits for it. */
  WRITE_TIMEOUT,
  /** How long a socket may say nothing. */
  IDLE_TIMEOUT,
  /** How long a join may wait for a host. */
  HOST_TIMEOUT,
  /** The body of a long-poll POST. */
  MAX_POST_BYTES,
  /** Its messages. */
  MAX_POST_LINES;

  /** The option, as it is written in settings: {@code max-frame-bytes}. */
  public String option() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
