package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import dev.roost.cluster.Applications;
import dev.roost.gateway.LogLines;
import dev.roost.routing.SocketOptions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RefusalLogTest {

  private static final long SECOND = 1_000_000_000L;
  private static final Applications.Mount MOUNT =
      new Applications.Mount("/socket", Map.of(), SocketOptions.defaults(), "chat");

  private final LogLines lines = LogLines.of(WebSocketTransport.class);
  private final AtomicLong clock = new AtomicLong();
  private final RefusalLog refusals = new RefusalLog(clock::get);

  @AfterEach
  void leave() {
    lines.close();
  }

  private long seen() {
    return lines.all().stream()
        .filter(line -> line.getLevel().isGreaterOrEqual(Level.WARN))
        .count();
  }

  @Test
  void theFirstIsSeenWithWhatItIsAbout() {
    refusals.originNotAllowed("https://evil.example", MOUNT);
    refusals.versionUnknown("9.0.0");
    assertEquals(Level.ERROR, lines.all().get(0).getLevel());
    assertTrue(lines.all().get(0).getFormattedMessage().contains("https://evil.example"));
    assertTrue(lines.all().get(0).getFormattedMessage().contains("/socket"));
    assertEquals(Level.WARN, lines.all().get(1).getLevel());
  }

  /** phoenix.js sends it whether the mount takes it or not. */
  @Test
  void aTokenAmongTheSubprotocolsIsNotShown() {
    refusals.noSubprotocolServed(List.of("phoenix", "base64url.bearer.phx.c2VjcmV0"), MOUNT);
    String line = lines.all().getFirst().getFormattedMessage();
    assertTrue(line.contains("[phoenix, base64url.bearer.phx.[FILTERED]]"), line);
  }

  @Test
  void norIsWhatIsTooLongForAName() {
    String jwt = "eyJhbGciOiJIUzI1NiJ9." + "c2VjcmV0".repeat(4);
    refusals.noSubprotocolServed(List.of("a".repeat(40), jwt, "bearer." + jwt), MOUNT);
    String line = lines.all().getFirst().getFormattedMessage();
    assertTrue(line.contains("[" + "a".repeat(40) + ", [FILTERED], [FILTERED]]"), line);
  }

  /** Otherwise whoever likes fills the disk, and has the event loop wait for it. */
  @Test
  void strangersCauseALineASecondHoweverManyTheyAre() {
    for (int i = 0; i < 1_000; i++) {
      refusals.originNotAllowed("https://evil.example", MOUNT);
      refusals.noSubprotocolServed(List.of("other"), MOUNT);
      clock.addAndGet(SECOND / 100); // ten seconds in all
    }
    assertTrue(seen() >= 10 && seen() <= 12, "lines: " + seen());
    assertEquals(2_000, lines.all().size()); // the others at debug
  }
}
