package dev.roost.channel;

import java.util.Objects;

/** Why a channel stops itself. */
public sealed interface StopReason {

  /** All is done: {@code phx_close}. */
  record Normal() implements StopReason {}

  /** An orderly end with a reason of your own: {@code phx_close}. */
  record Shutdown(String detail) implements StopReason {
    public Shutdown {
      Objects.requireNonNull(detail, "detail");
    }
  }

  /** Something is wrong: {@code phx_error}, and the client joins again (L-12). */
  record Failure(String detail) implements StopReason {
    public Failure {
      Objects.requireNonNull(detail, "detail");
    }
  }

  static StopReason normal() {
    return new Normal();
  }

  static StopReason shutdown(String detail) {
    return new Shutdown(detail);
  }

  static StopReason failure(String detail) {
    return new Failure(detail);
  }
}
