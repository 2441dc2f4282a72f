package dev.roost.gateway.transport;

/** A client's frames cannot be read any more. */
final class FrameException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final int code;

  /**
   * What came is no frame, or not one that is allowed.
   *
   * @param code to close with
   */
  FrameException(int code, String what) {
    super(what, null, false, false);
    this.code = code;
  }

  /** There is no room or no memory for what came. */
  FrameException(Throwable cause) {
    super(cause.getMessage(), cause, false, false);
    this.code = 0;
  }

  /** To close with; 0 if it depends on the cause. */
  int code() {
    return code;
  }
}
