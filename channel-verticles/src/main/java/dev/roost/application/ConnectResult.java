package dev.roost.application;

import dev.roost.bus.Contract;
import java.util.HashMap;
import java.util.Map;

/** What a connection may be answered with. */
public sealed interface ConnectResult {

  /**
   * The connection is accepted.
   *
   * @param assigns what every channel of the connection starts with; they cross the bus as JSON
   */
  record Accepted(Map<String, Object> assigns) implements ConnectResult {
    public Accepted {
      assigns = Map.copyOf(assigns);
    }

    /** With one more value. */
    public Accepted assign(String name, Object value) {
      var all = new HashMap<>(assigns);
      all.put(name, value);
      return new Accepted(all);
    }
  }

  /**
   * The connection is refused (H-11, H-16). Browsers cannot see status and body, other clients can.
   *
   * @param status HTTP status, 400 to 599
   * @param body response body as text, at most 21,845 characters
   */
  record Refused(int status, String body) implements ConnectResult {
    public Refused {
      Contract.requireText("a refusal's body", body);
      if (status < 400 || status > 599) {
        throw new IllegalArgumentException(
            "a refused connection is answered with a status of 400 to 599, got " + status);
      }
    }
  }

  static Accepted accept() {
    return new Accepted(Map.of());
  }

  /** 403 with an empty body. */
  static ConnectResult refuse() {
    return new Refused(403, "");
  }

  static ConnectResult refuse(int status, String body) {
    return new Refused(status, body);
  }
}
