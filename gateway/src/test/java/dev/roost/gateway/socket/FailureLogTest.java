package dev.roost.gateway.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import dev.roost.gateway.LogLines;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class FailureLogTest {

  private static final long SECOND = 1_000_000_000L;
  private static final Logger TELLER = LoggerFactory.getLogger(ClientSocket.class);

  private final LogLines lines = LogLines.of(ClientSocket.class);
  private final LogLines counts = LogLines.of(FailureLog.class);
  private final AtomicLong clock = new AtomicLong();
  private final FailureLog failures = new FailureLog(clock::get);

  @AfterEach
  void leave() {
    lines.close();
    counts.close();
  }

  private void fail() {
    failures.tell(TELLER, "socket closed", new IllegalStateException("on purpose"));
  }

  private long seen() {
    return lines.all().stream().filter(line -> line.getLevel() == Level.ERROR).count();
  }

  private List<String> told() {
    return counts.all().stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Test
  void theFirstIsSeenWithWhatItIsAboutAndItsCause() {
    fail();
    ILoggingEvent line = lines.all().getFirst();
    assertEquals(Level.ERROR, line.getLevel());
    assertEquals("socket closed", line.getFormattedMessage());
    assertEquals("on purpose", line.getThrowableProxy().getMessage());
    failures.tellLeftOut();
    assertEquals(List.of(), told());
  }

  @Test
  void oneASecondIsSeenHoweverManyTheyAre() {
    for (int i = 0; i < 1_000; i++) {
      fail();
      clock.addAndGet(SECOND / 100); // ten seconds in all
    }
    assertTrue(seen() >= 10 && seen() <= 12, "lines: " + seen());
    assertEquals(1_000, lines.all().size()); // the others at debug
  }

  @Test
  void howManyWereLeftOutIsToldOnce() {
    for (int i = 0; i < 50; i++) {
      fail();
    }
    failures.tellLeftOut();
    failures.tellLeftOut();
    assertEquals(
        List.of("messages of clients failed more often than is shown: 48 lines are at debug only"),
        told());
  }
}
