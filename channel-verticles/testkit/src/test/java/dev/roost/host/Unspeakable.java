package dev.roost.host;

/** An exception of an application that cannot say what it is. */
final class Unspeakable extends RuntimeException {

  private static final long serialVersionUID = 1;

  @Override
  public String getMessage() {
    throw new IllegalStateException("asked for its message");
  }
}
