package dev.roost.gateway;

/** The port that sends to https cannot be listened on; the cause says why. */
public final class RedirectPortFailure extends RuntimeException {

  private static final long serialVersionUID = 1;

  RedirectPortFailure(GatewayOptions options, Throwable cause) {
    super(
        "cannot listen for redirects on "
            + options.host()
            + " port "
            + options.edge().httpRedirectPort()
            + ": "
            + cause.getMessage(),
        cause);
  }
}
