package dev.roost.testkit.client;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A server's answer to an HTTP request, an upgrade included.
 *
 * @param status for instance 101 for a WebSocket
 * @param headers by lower-case name, in order
 * @param body as text, empty when there is none
 */
public record HttpAnswer(int status, Map<String, List<String>> headers, String body) {

  public HttpAnswer {
    headers = Map.copyOf(headers);
  }

  /** The first value of a header. */
  public Optional<String> header(String lowerCaseName) {
    return headers.getOrDefault(lowerCaseName, List.of()).stream().findFirst();
  }

  /** Whether this is a WebSocket now. */
  public boolean isUpgraded() {
    return status == 101;
  }
}
