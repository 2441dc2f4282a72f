package dev.roost.gateway.protocol;

import dev.roost.bus.RawPayload;

/** The protocol's own topics, events and answers: each wire string stands here and nowhere else. */
public final class Wire {

  public static final String PHOENIX = "phoenix";
  public static final String HEARTBEAT = "heartbeat";
  public static final String JOIN = "phx_join";
  public static final String LEAVE = "phx_leave";
  public static final String REPLY = "phx_reply";
  public static final String CLOSE = "phx_close";
  public static final String ERROR = "phx_error";
  public static final String OK_STATUS = "ok";
  public static final String ERROR_STATUS = "error";

  /** The list of who is present, which a client's diffs change (P-1, P-2). */
  public static final String PRESENCE_STATE = "presence_state";

  public static final String PRESENCE_DIFF = "presence_diff";

  /** A client's new token, on any topic, and the key that it has in the payload (PR-33). */
  public static final String ACCESS_TOKEN = "access_token";

  /** Told on {@link #PHOENIX}, where nobody has joined: the connection ends soon. */
  public static final String EXPIRING = "token_expiring";

  /** Payload of {@code phx_error} (S-12). */
  public static final RawPayload CHANNEL_CRASH =
      RawPayload.jsonText("{\"reason\":\"channel_crash\"}");

  /** A topic that no route serves, or a message for a topic that is not joined (J-2, R-18). */
  public static final RawPayload UNMATCHED_TOPIC =
      RawPayload.jsonText("{\"reason\":\"unmatched topic\"}");

  /** A join over the limit (J-4). */
  public static final RawPayload TOO_MANY_CHANNELS =
      RawPayload.jsonText("{\"reason\":\"too many channels joined\"}");

  /** A join of a socket that joins too often; the client tries again. */
  public static final RawPayload TOO_MANY_JOINS =
      RawPayload.jsonText("{\"reason\":\"too many joins\"}");

  /** A join that ended in no answer which its client could be given. */
  public static final RawPayload JOIN_CRASHED =
      RawPayload.jsonText("{\"reason\":\"join crashed\"}");

  /** A join whose route has no host at the moment; the client tries again. */
  public static final RawPayload UNAVAILABLE = RawPayload.jsonText("{\"reason\":\"unavailable\"}");

  /** A new token of a client that sends too many; it may try again later. */
  public static final RawPayload TOO_MANY_RENEWALS =
      RawPayload.jsonText("{\"reason\":\"too many renewals\"}");

  /** A new token that is not good, or not of the same client. */
  public static final RawPayload INVALID_TOKEN =
      RawPayload.jsonText("{\"reason\":\"invalid token\"}");

  private Wire() {}
}
