package dev.roost.gateway.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class OutageLogTest {

  private static final String FAILING =
      "tokens of keys \"main\" cannot be verified, 503 meanwhile: no such key";
  private static final String AGAIN = "tokens of keys \"main\" are verified again";

  private final Logger logger = (Logger) LoggerFactory.getLogger(TokenGate.class);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();
  private final AtomicLong clock = new AtomicLong();
  private final OutageLog outages = new OutageLog(clock::get);

  @BeforeEach
  void listen() {
    lines.start();
    logger.addAppender(lines);
    logger.setAdditive(false);
    logger.setLevel(Level.DEBUG);
  }

  @AfterEach
  void leave() {
    logger.detachAppender(lines);
    logger.setAdditive(true);
    logger.setLevel(null);
  }

  private List<String> told() {
    return lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
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
