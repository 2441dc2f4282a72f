package dev.roost.application;

import dev.roost.bus.Contract;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a connection may be answered with. */
public sealed interface ConnectResult {

  /**
   * The connection is accepted.
   *
   * @param assigns what every channel of the connection starts with; they cross the bus as JSON
   * @param expiresAt when the connection is closed with 3000, on which clients connect again; null
   *     if it may stay
   */
  record Accepted(Map<String, Object> assigns, @Nullable Instant expiresAt)
      implements ConnectResult {
    public Accepted {
      assigns = Map.copyOf(assigns);
    }

    /**
     * With one more value.
     *
     * @throws NullPointerException if it is null: a name without a value is not assigned
     */
    public Accepted assign(String name, Object value) {
      Objects.requireNonNull(
          value, () -> "assign \"" + name + "\" is null: assign nothing where there is no value");
      var all = new HashMap<>(assigns);
      all.put(name, value);
      return new Accepted(all, expiresAt);
    }

    /**
     * Until this time and no longer, such as the end of a token; {@link
     * dev.roost.channel.Socket#expireAt} changes it.
     */
    public Accepted until(Instant time) {
      return new Accepted(assigns, time);
    }
  }

  /**
   * The connection is refused (H-11, H-16). Browsers cannot see status and body, other clients can;
   * long-poll clients see neither, for them it is always 403 (G-22).
   *
   * @param status HTTP status, 400 to 599
   * @param headers of the response, at most 32, for instance {@code Retry-After}; no line breaks
   * @param body response body as text, at most 21,845 characters
   */
  record Refused(int status, Map<String, String> headers, String body) implements ConnectResult {

    private static final Pattern HEADER_NAME = Pattern.compile("[A-Za-z0-9-]{1,256}");
    private static final Pattern HEADER_VALUE = Pattern.compile("[\\x20-\\x7e]{0,8192}");

    public Refused {
      headers = Map.copyOf(headers);
      Contract.requireText("a refusal's body", body);
      if (status < 400 || status > 599) {
        throw new IllegalArgumentException(
            "a refused connection is answered with a status of 400 to 599, got " + status);
      }
      if (headers.size() > Contract.MAX_HEADERS) {
        throw new IllegalArgumentException(
            "a refusal has at most " + Contract.MAX_HEADERS + " headers, got " + headers.size());
      }
      headers.forEach(Refused::checkHeader);
    }

    private static void checkHeader(String name, String value) {
      if (!HEADER_NAME.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "a header's name is letters, digits and dashes, got \"" + name + "\"");
      }
      if (!HEADER_VALUE.matcher(value).matches()) {
        throw new IllegalArgumentException(
            "the value of a header is printable ASCII, not so that of " + name);
      }
    }

    /** With one more header. */
    public Refused header(String name, String value) {
      var all = new HashMap<>(headers);
      all.put(name, value);
      return new Refused(status, all, body);
    }
  }

  static Accepted accept() {
    return new Accepted(Map.of(), null);
  }

  /** 403 with an empty body. */
  static Refused refuse() {
    return new Refused(403, Map.of(), "");
  }

  /** Any other answer, for instance {@code refuse(429, "slow down").header("Retry-After", "5")}. */
  static Refused refuse(int status, String body) {
    return new Refused(status, Map.of(), body);
  }
}
