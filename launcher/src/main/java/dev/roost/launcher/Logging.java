package dev.roost.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import org.slf4j.LoggerFactory;

/** How much is logged; {@code logback.xml} says where to, and which libraries keep quiet. */
final class Logging {

  private Logging() {}

  /** Logs from this level on; what the file holds to a stricter one stays at that. */
  static void show(org.slf4j.event.Level wanted) {
    if (!(LoggerFactory.getILoggerFactory() instanceof LoggerContext logback)) {
      return;
    }
    Level level = Level.convertAnSLF4JLevel(wanted);
    logback.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).setLevel(level);
    for (Logger logger : logback.getLoggerList()) {
      if (logger.getLevel() != null && level.isGreaterOrEqual(logger.getLevel())) {
        logger.setLevel(level);
      }
    }
  }
}
