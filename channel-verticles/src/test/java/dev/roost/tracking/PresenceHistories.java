package dev.roost.tracking;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.bus.RawPayload;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.StringJoiner;
import java.util.TreeMap;

/**
 * Prints random histories for {@code .ci/presence}, which feeds them to phoenix.js: one line for
 * each client, with what it gets, the list it has to end with, and what {@link ClientPresence}
 * says.
 */
final class PresenceHistories {

  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  private PresenceHistories() {}

  /** Takes the number of histories. */
  public static void main(String[] arguments) {
    int histories = Integer.parseInt(arguments[0]);
    var out = new PrintStream(new BufferedOutputStream(System.out, 1 << 20), false, UTF_8);
    for (long seed = 0; seed < histories; seed++) {
      PresenceHistory history = new PresenceHistory(seed).play();
      for (List<PresenceHistory.Received> received : history.clients()) {
        out.println(line(seed, received, history.state().list()));
      }
    }
    out.flush();
  }

  private static String line(long seed, List<PresenceHistory.Received> received, RawPayload list) {
    var port = new ClientPresence();
    var messages = new StringJoiner(",", "[", "]");
    for (PresenceHistory.Received message : received) {
      switch (message) {
        case PresenceHistory.Received.State(var payload) -> {
          port.state(payload);
          messages.add("[\"presence_state\"," + text(payload) + "]");
        }
        case PresenceHistory.Received.Diff(var payload) -> {
          port.diff(payload);
          messages.add("[\"presence_diff\"," + text(payload) + "]");
        }
        case PresenceHistory.Received.Rejoin() -> {
          port.rejoin();
          messages.add("[\"rejoin\"]");
        }
      }
    }
    return "{\"seed\":"
        + seed
        + ",\"received\":"
        + messages
        + ",\"list\":"
        + text(list)
        + ",\"port\":"
        + refs(port)
        + "}";
  }

  private static String refs(ClientPresence port) {
    var refs = new TreeMap<String, List<String>>();
    port.list().forEach((key, metas) -> refs.put(key, List.copyOf(metas.keySet())));
    try {
      return MAPPER.writeValueAsString(refs);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("refs cannot be written", e);
    }
  }

  private static String text(RawPayload payload) {
    return new String(payload.bytes(), UTF_8);
  }
}
