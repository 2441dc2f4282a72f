package dev.roost.tracking;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * What code of an application threw. It may not even be able to say what it is: its message, its
 * cause and its stack trace are code of the application too.
 */
public record Thrown(Throwable cause) {

  /**
   * Logs a line with what was thrown, or with its class alone where that throws again. Whatever
   * happens here, nothing leaves this method: what follows the line has to be done all the same.
   */
  public void log(Logger log, Level level, String line, @Nullable Object... arguments) {
    try {
      log.atLevel(level).setCause(cause).log(line, arguments);
    } catch (Throwable unspeakable) {
      logClass(log, level, line, arguments);
    }
  }

  private void logClass(Logger log, Level level, String line, @Nullable Object... arguments) {
    try {
      @Nullable Object[] more = Arrays.copyOf(arguments, arguments.length + 1);
      more[arguments.length] = cause.getClass().getName();
      log.atLevel(level).log(line + "; the {} cannot be shown", more);
    } catch (Throwable broken) {
      // The log itself does not work, and there is no other place to say so.
    }
  }
}
