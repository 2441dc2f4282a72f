package dev.roost.gateway.protocol;

import java.util.Optional;
import java.util.regex.Pattern;

/** A semantic version of three numbers, as {@code vsn} has to be (N-4). */
record Version(int major, int minor, boolean preRelease) {

  private static final Pattern SYNTAX =
      Pattern.compile(
          "(0|[1-9]\\d{0,8})\\.(0|[1-9]\\d{0,8})\\.(0|[1-9]\\d{0,8})"
              + "(-[0-9A-Za-z.-]{1,64})?(\\+[0-9A-Za-z.-]{1,64})?");

  static Optional<Version> parse(String text) {
    var match = SYNTAX.matcher(text);
    return match.matches()
        ? Optional.of(
            new Version(
                Integer.parseInt(match.group(1)),
                Integer.parseInt(match.group(2)),
                match.group(4) != null))
        : Optional.empty();
  }

  /** Whether {@code ~> major.minor.0} accepts it: the same minor version, no pre-release (N-3). */
  boolean isPatchOf(int wantedMajor, int wantedMinor) {
    return major == wantedMajor && minor == wantedMinor && !preRelease;
  }
}
