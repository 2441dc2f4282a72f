package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the packaged {@code logback.xml} writes of what clients say. */
class PlainTraceTest {

  private static final String HOSTILE =
      "room:\r\n2026-01-01 ERROR Channel: forged\u001b[2J\u0085\u2028\u2029\u202e\t\u0000end";
  private static final String SHOWN = "room: 2026-01-01 ERROR Channel: forged [2J end";

  private final LoggerContext context = new LoggerContext();
  private Logger root;
  private ConsoleAppender<ILoggingEvent> console;

  @BeforeEach
  @SuppressWarnings("unchecked") // The only appender there is.
  void configure() throws Exception {
    var configurator = new JoranConfigurator();
    configurator.setContext(context);
    configurator.doConfigure(Main.class.getResource("/logback.xml"));
    root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    console = (ConsoleAppender<ILoggingEvent>) root.getAppender("console");
  }

  @AfterEach
  void stop() {
    context.stop();
  }

  private List<String> lines(String message, @Nullable Throwable thrown) {
    var event = new LoggingEvent("here", root, Level.ERROR, message, thrown, null);
    String text = new String(console.getEncoder().encode(event), StandardCharsets.UTF_8);
    assertTrue(text.endsWith(System.lineSeparator()), text);
    List<String> lines = List.of(text.split(System.lineSeparator()));
    for (String line : lines) {
      assertFalse(line.stripLeading().matches(".*[\\p{Cc}\\p{Zl}\\p{Zp}\u202e].*"), line);
    }
    return lines;
  }

  private static List<String> withoutFrames(List<String> lines) {
    return lines.stream().filter(line -> !line.matches("\\s+(at |\\.\\.\\. \\d).*")).toList();
  }

  @Test
  void aMessageIsOneLineWhateverAClientPutIntoIt() {
    List<String> lines = lines("crashed, topic=" + HOSTILE + " socket=1", null);
    assertEquals(1, lines.size(), lines::toString);
    assertTrue(
        lines.getFirst().endsWith(": crashed, topic=" + SHOWN + " socket=1"), lines::toString);
  }

  @Test
  void whatIsNoControlStaysAsItIs() {
    String text = "zażółć 日本 \uD83D\uDE00 \"quoted\" {} [a]";
    assertTrue(lines(text, null).getFirst().endsWith(": " + text));
  }

  @Test
  void anExceptionHasNoLinesButItsOwn() {
    var thrown = new IllegalStateException(HOSTILE, new IllegalArgumentException(HOSTILE));
    thrown.addSuppressed(new RuntimeException(HOSTILE));
    List<String> lines = lines("crashed", thrown);
    assertEquals(
        List.of(
            "java.lang.IllegalStateException: " + SHOWN,
            "\tSuppressed: java.lang.RuntimeException: " + SHOWN,
            "Caused by: java.lang.IllegalArgumentException: " + SHOWN),
        withoutFrames(lines.subList(1, lines.size())));
    String frame = "\tat " + PlainTraceTest.class.getName() + ".anExceptionHasNoLines";
    assertTrue(lines.get(2).startsWith(frame), lines.get(2));
  }
}
