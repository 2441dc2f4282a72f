package dev.roost.gateway.tls;

import org.jspecify.annotations.Nullable;

/** The files of TLS cannot be used: the message says which, what was expected and what came. */
public final class TlsFailure extends RuntimeException {

  private static final long serialVersionUID = 1;

  TlsFailure(String message) {
    this(message, null);
  }

  TlsFailure(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
