package dev.roost.gateway.protocol;

/** WebSocket close codes that the gateway sends (W-32); never 1000, which clients take as final. */
public final class CloseCode {

  /** The socket was disconnected by its id (D-4). */
  public static final int GOING_AWAY = 1001;

  /** A frame against RFC 6455, or silence for longer than the idle timeout (W-2). */
  public static final int PROTOCOL_ERROR = 1002;

  /** Text that is not UTF-8 (W-14). */
  public static final int INVALID_TEXT = 1007;

  /** A frame or message over its limit (W-10, W-12). */
  public static final int TOO_BIG = 1009;

  /** A message that cannot be decoded (W-30). */
  public static final int INTERNAL_ERROR = 1011;

  /** The gateway is going down; connect to another (D-10). */
  public static final int SERVICE_RESTART = 1012;

  /**
   * There is no room for a message now; another try may find some. Not one of Phoenix, which has no
   * such bound.
   */
  public static final int TRY_AGAIN_LATER = 1013;

  /**
   * What the connection was let in by has expired: connect again, with another token. Registered
   * with IANA as "Unauthorized".
   */
  public static final int UNAUTHORIZED = 3000;

  private CloseCode() {}
}
