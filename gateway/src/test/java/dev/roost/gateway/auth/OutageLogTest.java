package dev.roost.gateway.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.roost.gateway.LogLines;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutageLogTest {

  private static final String FAILING =
      "tokens of keys \"main\" cannot be verified, 503 meanwhile: no such key";
  private static final String AGAIN = "tokens of keys \"main\" are verified again";

  private final LogLines lines = LogLines.of(TokenGate.class);
  private final AtomicLong clock = new AtomicLong();
  private final OutageLog outages = new OutageLog(clock::get);

  @AfterEach
  void leave() {
    lines.close();
  }

  private List<String> told() {
    return lines.all().stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Test
  void anOutageIsToldAtItsBeginningAndAtItsEnd() {
    outages.verified("main");
    for (int i = 0; i < 1_000; i++) {
      outages.unavailable("main", "no such key");
      clock.addAndGet(Duration.ofSeconds(1).toNanos());
    }
    outages.verified("main");
    outages.verified("main");
    assertEquals(List.of(FAILING, AGAIN), told());
  }

  /** With tokens of unknown keys between those of honest clients. */
  @Test
  void strangersCauseTwoLinesInTenSeconds() {
    for (int i = 0; i < 2_100; i++) { // 21 s
      outages.unavailable("main", "no such key");
      outages.verified("main");
      clock.addAndGet(Duration.ofMillis(10).toNanos());
    }
    assertEquals(List.of(FAILING, AGAIN, FAILING, AGAIN, FAILING, AGAIN), told());
  }
}
