package dev.roost.launcher.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.application.ChannelOptions;
import dev.roost.application.Telemetry;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.ConnectionLimits;
import dev.roost.presence.PresenceOptions;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.SocketOptions;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page has every limit that is counted with its default, and counts no other. */
class SecurityPageTest {

  private static final Path PAGE = Path.of("..", "docs", "security.md");
  private static final Pattern ROW =
      Pattern.compile(
          "^\\| [^|]+ \\| `([a-z-]+)`[^|]* \\|[^|]+\\| ([^|]+?)(?: each gateway)? \\|[^|]+\\|$",
          Pattern.MULTILINE);

  private static Stream<MatchResult> rows() throws IOException {
    return ROW.matcher(Files.readString(PAGE)).results();
  }

  @Test
  void eachLimitHasItsRow() throws IOException {
    List<String> rows = rows().map((MatchResult row) -> row.group(1)).sorted().toList();
    List<String> counted =
        Stream.concat(
                Arrays.stream(Limit.values()).map(Limit::option),
                Arrays.stream(Telemetry.Bound.values()).map(Telemetry.Bound::option))
            .sorted()
            .toList();
    assertEquals(counted, rows);
  }

  @Test
  void eachRowHasTheDefaultOfTheCode() throws Exception {
    var defaults = new HashMap<String, Object>();
    for (Record options :
        List.of(
            GatewayOptions.defaults(),
            GatewayLimits.defaults(),
            ConnectionLimits.defaults(),
            SocketOptions.defaults(),
            SocketOptions.defaults().limits(),
            ChannelOptions.defaults(),
            PresenceOptions.defaults())) {
      String prefix = options instanceof PresenceOptions ? "presence-" : "";
      for (RecordComponent option : options.getClass().getRecordComponents()) {
        String name = option.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
        Object value = option.getAccessor().invoke(options);
        if (value != null) {
          defaults.put(prefix + name, value);
        }
      }
    }
    // Those have other names there, and what whoever runs the gateway may set bounds nothing.
    defaults.put("max-post-bytes", LongPollOptions.defaults().maxBodyBytes());
    defaults.put("max-post-lines", LongPollOptions.defaults().maxBatchLines());
    defaults.put(
        "max-queued-total-bytes",
        "half of the memory for buffers outside the heap, 32 MiB at least");
    defaults.put("max-unfinished-bytes", "a quarter of the heap, 32 MiB at least");
    defaults.put("mailbox-total-bytes", "a quarter of the heap, 32 MiB at least");

    for (MatchResult row : rows().toList()) {
      assertEquals(written(defaults, row.group(1)), row.group(2), row.group(1));
    }
  }

  private static String written(Map<String, Object> defaults, String option) {
    return switch (defaults.get(option)) {
      case String text -> text;
      case Duration time -> time.toSeconds() + " s";
      case Number number when number.longValue() % (1 << 20) == 0 ->
          (number.longValue() >> 20) + " MiB";
      case Number number -> String.format(Locale.ROOT, "%,d", number.longValue());
      case null, default -> throw new AssertionError("no default is known of " + option);
    };
  }
}
