package dev.roost.it;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** What a logger says while a test runs. */
final class Logs extends AppenderBase<ILoggingEvent> implements AutoCloseable {

  private final Logger logger;
  private final @Nullable Level before;
  private final List<String> lines = new CopyOnWriteArrayList<>();

  private Logs(String name) {
    this.logger = (Logger) LoggerFactory.getLogger(name);
    this.before = logger.getLevel();
  }

  static Logs of(String name) {
    return of(name, Level.INFO);
  }

  static Logs of(String name, Level level) {
    var logs = new Logs(name);
    logs.setContext(logs.logger.getLoggerContext());
    logs.start();
    logs.logger.setLevel(level);
    logs.logger.addAppender(logs);
    return logs;
  }

  @Override
  protected void append(ILoggingEvent event) {
    lines.add(event.getFormattedMessage());
  }

  long count(String part) {
    return lines.stream().filter(line -> line.contains(part)).count();
  }

  void await(String part) {
    TestServer.await("the log says " + part, () -> count(part) > 0);
  }

  @Override
  public void close() {
    logger.detachAppender(this);
    logger.setLevel(before);
  }
}
