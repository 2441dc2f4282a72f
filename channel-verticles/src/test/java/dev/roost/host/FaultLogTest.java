package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.roost.channel.Channel;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

class FaultLogTest {

  private static final long SECOND = 1_000_000_000L;

  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(Channel.class);
  private final AtomicLong clock = new AtomicLong();
  private final FaultLog faults = new FaultLog(logger, "channels failed", clock::get);

  @BeforeEach
  void listen() {
    lines.start();
    logger.addAppender(lines);
  }

  @AfterEach
  void leave() {
    logger.detachAppender(lines);
  }

  private List<String> told() {
    return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  @Test
  void tenASecondAreSeenHoweverManyTheyAre() {
    int seen = 0;
    for (int i = 0; i < 10_000; i++) {
      seen += faults.level(Level.ERROR) == Level.ERROR ? 1 : 0;
      clock.addAndGet(SECOND / 1_000); // ten seconds in all
    }
    assertTrue(seen >= 100 && seen <= 120, "seen: " + seen);
  }

  @Test
  void howManyWereLeftOutIsToldOnce() {
    for (int i = 0; i < 50; i++) {
      faults.level(Level.WARN);
    }
    faults.tellLeftOut();
    faults.tellLeftOut();
    assertEquals(
        List.of("channels failed more often than is shown: 30 lines are at debug only"), told());
  }

  @Test
  void whereNoneWasLeftOutNothingIsTold() {
    assertEquals(Level.WARN, faults.level(Level.WARN));
    faults.tellLeftOut();
    assertEquals(List.of(), told());
  }
}
