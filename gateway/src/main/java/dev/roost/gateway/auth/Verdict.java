package dev.roost.gateway.auth;

import java.util.Map;

/** What a gate says of a client's token. Reasons are for logs, never for clients. */
public sealed interface Verdict {

  /**
   * It is good.
   *
   * @param claims as in the token; they cannot be changed
   */
  record Good(Identity identity, Map<String, Object> claims) implements Verdict {}

  /** There is none, or it is not good (any more): 403. */
  record Bad(String reason) implements Verdict {}

  /** Nobody can tell now: 503. */
  record Unknown(String reason) implements Verdict {}
}
