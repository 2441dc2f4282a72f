package dev.roost.launcher;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Stack traces for {@code logback.xml} in which the only line breaks are the trace's own: what an
 * exception says may quote a client, who could otherwise write lines of the log.
 */
public final class PlainTrace extends ThrowableProxyConverter {

  /** As in {@code logback.xml}: what breaks or hides a line, or commands a terminal. */
  private static final Pattern CONTROLS = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]+");

  @Override
  protected String throwableProxyToString(IThrowableProxy thrown) {
    return super.throwableProxyToString(new Plain(thrown));
  }

  /** The same exception, with plain messages all the way down. */
  private record Plain(IThrowableProxy thrown) implements IThrowableProxy {

    private static @Nullable IThrowableProxy of(@Nullable IThrowableProxy thrown) {
      return thrown == null ? null : new Plain(thrown);
    }

    private static @Nullable String plain(@Nullable String text) {
      return text == null ? null : CONTROLS.matcher(text).replaceAll(" ");
    }

    @Override
    public @Nullable String getMessage() {
      return plain(thrown.getMessage());
    }

    @Override
    public @Nullable String getOverridingMessage() {
      return plain(thrown.getOverridingMessage());
    }

    @Override
    public String getClassName() {
      return thrown.getClassName();
    }

    @Override
    public StackTraceElementProxy[] getStackTraceElementProxyArray() {
      return thrown.getStackTraceElementProxyArray();
    }

    @Override
    public int getCommonFrames() {
      return thrown.getCommonFrames();
    }

    @Override
    public @Nullable IThrowableProxy getCause() {
      return of(thrown.getCause());
    }

    @Override
    public IThrowableProxy[] getSuppressed() {
      return Arrays.stream(thrown.getSuppressed()).map(Plain::new).toArray(IThrowableProxy[]::new);
    }

    @Override
    public boolean isCyclic() {
      return thrown.isCyclic();
    }
  }
}
