package dev.roost.launcher;

import dev.roost.gateway.RedirectPortFailure;
import dev.roost.launcher.settings.Settings;
import java.io.IOException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A start that whoever started can put right: the message says how. */
final class StartFailure extends RuntimeException {

  private static final long serialVersionUID = 1;

  /** Exit code when something outside the settings is in the way. */
  static final int FAILED = 1;

  /** Exit code when the settings have to be changed. */
  static final int WRONG_SETTINGS = 2;

  private final int exitCode;

  private StartFailure(int exitCode, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.exitCode = exitCode;
  }

  static StartFailure failed(String message) {
    return new StartFailure(FAILED, message, null);
  }

  static StartFailure failed(String message, Throwable cause) {
    return new StartFailure(FAILED, message, cause);
  }

  static StartFailure wrongSettings(String message) {
    return new StartFailure(WRONG_SETTINGS, message, null);
  }

  int exitCode() {
    return exitCode;
  }

  /** Why gateways cannot listen. */
  static StartFailure notListening(Throwable cause, Settings settings) {
    return notListening(
        cause,
        settings.gateway().host(),
        settings.gateway().port(),
        settings.origin("host"),
        settings.origin("port"));
  }

  /** Why the port that sends to https cannot be opened. */
  static StartFailure notListening(RedirectPortFailure failure, Settings settings) {
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    Integer port = settings.gateway().edge().httpRedirectPort();
    return notListening(
        cause,
        settings.gateway().host(),
        port == null ? 0 : port,
        settings.origin("host"),
        settings.origin("http-redirect-port"));
  }

  /** Why the admin port cannot be opened. */
  static StartFailure notListening(Throwable cause, Settings settings, Settings.Admin admin) {
    return notListening(
        cause,
        admin.host(),
        admin.port(),
        settings.origin("admin-host"),
        settings.origin("admin-port"));
  }

  /** Java has one exception for it all, so its text decides. */
  private static StartFailure notListening(
      Throwable cause, String host, int port, String hostOrigin, String portOrigin) {
    String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    String message;
    if (isUnknownHost(cause)) {
      message =
          "host "
              + host
              + " does not resolve to an address: choose an interface of this machine"
              + " with "
              + hostOrigin;
    } else if (text.contains("in use")) {
      message =
          "port "
              + port
              + " is in use: stop what listens there, or choose another with "
              + portOrigin;
    } else if (text.contains("permission denied")) {
      message =
          "port " + port + " is not for this user: choose one from 1024 on with " + portOrigin;
    } else if (text.contains("cannot assign")) {
      message =
          "host "
              + host
              + " is no address of this machine: choose one that is, or 0.0.0.0, with "
              + hostOrigin;
    } else {
      message = "cannot listen on " + host + " port " + port + ": " + cause.getMessage();
    }
    return failed(message, cause);
  }

  private static boolean isUnknownHost(Throwable cause) {
    return cause instanceof UnknownHostException || cause instanceof UnresolvedAddressException;
  }

  /** Whether {@link #notListening} can tell something of this. */
  static boolean isNetworkFault(Throwable cause) {
    return cause instanceof IOException || cause instanceof UnresolvedAddressException;
  }
}
