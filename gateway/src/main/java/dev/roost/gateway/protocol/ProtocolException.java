package dev.roost.gateway.protocol;

/** A client's fault that ends its connection; the code is the WebSocket close code it is told. */
public final class ProtocolException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int closeCode;

  /** The message says what was expected and what came, without quoting payloads. */
  public ProtocolException(int closeCode, String message) {
    super(message, null, false, false);
    this.closeCode = closeCode;
  }

  /** A message that cannot be decoded (W-30). */
  static ProtocolException malformed(String message) {
    return new ProtocolException(CloseCode.INTERNAL_ERROR, message);
  }

  public int closeCode() {
    return closeCode;
  }
}
