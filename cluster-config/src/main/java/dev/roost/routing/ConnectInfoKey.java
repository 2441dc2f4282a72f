package dev.roost.routing;

/**
 * What a mount may hand to its socket handler besides the params; nothing else is exposed (C-1).
 */
public enum ConnectInfoKey {
  /**
   * Address and port of the TCP peer, and the certificate that it showed, in PEM, or null: {@code
   * {"address": "192.0.2.1", "port": 50312, "ssl_cert": null}} (C-2).
   */
  PEER_DATA("peer_data"),
  /** {@code [[name, value], ..]} of {@code traceparent} and {@code tracestate} (C-3). */
  TRACE_CONTEXT_HEADERS("trace_context_headers"),
  /** {@code [[name, value], ..]} of every header that starts with {@code x-} (C-4). */
  X_HEADERS("x_headers"),
  /** The same for {@code sec-websocket-} (C-5). */
  SEC_WEBSOCKET_HEADERS("sec_websocket_headers"),
  /** {@code {"scheme", "host", "port", "path", "query"}} of the request (C-6). */
  URI("uri"),
  /** The {@code User-Agent} header, a string or null (C-7). */
  USER_AGENT("user_agent"),
  /**
   * What the session cookie holds, an object, or null (C-12): if there is no such cookie, it is not
   * of the gateway's secret, or, unless {@link SocketOptions#checkCsrf} is off, the param {@code
   * _csrf_token} does not belong to it. In JSON: symbols as text, tuples as arrays, keys as text,
   * and what is no text as its octets in Base64. The gateway needs the application's secret for it.
   */
  SESSION("session");

  private final String wireName;

  ConnectInfoKey(String wireName) {
    this.wireName = wireName;
  }

  /** Phoenix's name, the key in the connect info. */
  public String wireName() {
    return wireName;
  }
}
