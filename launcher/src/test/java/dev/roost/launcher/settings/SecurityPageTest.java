package dev.roost.launcher.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.application.Telemetry;
import dev.roost.gateway.Limit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page has every limit that is counted, and counts no other. */
class SecurityPageTest {

  private static final Path PAGE = Path.of("..", "docs", "security.md");
  private static final Pattern ROW =
      Pattern.compile("^\\| [^|]+ \\| `([a-z-]+)`[^|]* \\|([^|]+\\|){3}$", Pattern.MULTILINE);

  @Test
  void eachLimitHasItsRow() throws IOException {
    List<String> rows =
        ROW.matcher(Files.readString(PAGE))
            .results()
            .map((MatchResult row) -> row.group(1))
            .sorted()
            .toList();
    List<String> counted =
        Stream.concat(
                Arrays.stream(Limit.values()).map(Limit::option),
                Arrays.stream(Telemetry.Bound.values()).map(Telemetry.Bound::option))
            .sorted()
            .toList();
    assertEquals(counted, rows);
  }
}
