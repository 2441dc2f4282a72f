package dev.roost.launcher;

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

  /** Why a gateway cannot listen. Java has one exception for it all, so its text decides. */
  static StartFailure notListening(Throwable cause, Settings settings) {
    String host = settings.gateway().host();
    int port = settings.gateway().port();
    String text = String.valueOf(cause.getMessage()).toLowerCase(Locale.ROOT);
    String message;
    if (isUnknownHost(cause)) {
      message =
          "host "
              + host
              + " does not resolve to an address: choose an interface of this machine"
              + " with "
              + settings.origin("host");
    } else if (text.contains("in use")) {
      message =
          "port "
              + port
              + " is in use: stop what listens there, or choose another with "
              + settings.origin("port");
    } else if (text.contains("permission denied")) {
      message =
          "port "
              + port
              + " is not for this user: choose one from 1024 on with "
              + settings.origin("port");
    } else if (text.contains("cannot assign")) {
      message =
          "host "
              + host
              + " is no address of this machine: choose one that is, or 0.0.0.0, with "
              + settings.origin("host");
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
