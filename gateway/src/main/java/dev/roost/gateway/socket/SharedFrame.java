package dev.roost.gateway.socket;

import dev.roost.gateway.protocol.Frame;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One frame for many connections. What a transport makes of it, for instance a buffer with the
 * frame header in front, is made for the first connection and kept for the others.
 */
public final class SharedFrame implements AutoCloseable {

  /** A transport's form of the frame, given back when the last connection has it. */
  public interface Prepared {
    void release();
  }

  private final Frame frame;
  private @Nullable Prepared prepared;

  public SharedFrame(Frame frame) {
    this.frame = frame;
  }

  /** The message itself. */
  public Frame frame() {
    return frame;
  }

  /** The transport's form, made by the first caller. */
  public <T extends Prepared> T prepared(Class<T> type, Function<Frame, T> make) {
    Prepared present = prepared;
    if (type.isInstance(present)) {
      return type.cast(present);
    }
    T made = make.apply(frame);
    if (present != null) {
      present.release();
    }
    prepared = made;
    return made;
  }

  @Override
  public void close() {
    if (prepared != null) {
      prepared.release();
    }
  }
}
