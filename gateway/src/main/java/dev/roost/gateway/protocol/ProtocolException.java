package dev.roost.gateway.protocol;

/** A client's fault that ends its connection; the code is the WebSocket close code it is told. */
public final class ProtocolException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int closeCode;
  private final boolean tooDeep;

  /** The message says what was expected and what came, without quoting payloads. */
  public ProtocolException(int closeCode, String message) {
    this(closeCode, message, false);
  }

  private ProtocolException(int closeCode, String message, boolean tooDeep) {
    super(message, null, false, false);
    this.closeCode = closeCode;
    this.tooDeep = tooDeep;
  }

  /** A message that cannot be decoded (W-30). */
  static ProtocolException malformed(String message) {
    return new ProtocolException(CloseCode.INTERNAL_ERROR, message);
  }

  /** A message whose JSON is nested deeper than is read. */
  static ProtocolException tooDeep(int maxDepth) {
    return new ProtocolException(
        CloseCode.INTERNAL_ERROR, "JSON is nested at most " + maxDepth + " deep, got more", true);
  }

  /** Whether it is about the depth of JSON. */
  public boolean isTooDeep() {
    return tooDeep;
  }

  public int closeCode() {
    return closeCode;
  }
}
