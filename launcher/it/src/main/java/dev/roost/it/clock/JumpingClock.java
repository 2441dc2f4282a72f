package dev.roost.it.clock;

import com.hazelcast.internal.util.Clock;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The system's clock, off by as much as a file says: it jumps when another process moves it. A node
 * has it with {@code -Dcom.hazelcast.clock.impl=dev.roost.it.clock.JumpingClock
 * -Droost.it.clock=FILE}. Safe for any thread.
 */
public final class JumpingClock extends Clock.ClockImpl {

  private final MappedByteBuffer offset;

  /** As Hazelcast makes it. */
  public JumpingClock() {
    this(Path.of(System.getProperty("roost.it.clock")));
  }

  /** The clock of the node that was started with this file, which is made if it is not there. */
  public JumpingClock(Path file) {
    try (var channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      offset = channel.map(FileChannel.MapMode.READ_WRITE, 0, Long.BYTES);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Moves the clock, forwards or backwards, for all who have this file. */
  public void jump(long millis) {
    offset.putLong(0, offset.getLong(0) + millis);
  }

  @Override
  protected long currentTimeMillis() {
    return System.currentTimeMillis() + offset.getLong(0);
  }
}
