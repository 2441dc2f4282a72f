package dev.roost.gateway.protocol;

import dev.roost.bus.RawPayload;
import java.util.List;

/** Text messages as a JSON array of strings: JSON in JSON, as long polling carries them (G-4). */
public final class MessageArray {

  /** An array without messages. */
  public static final RawPayload NONE = RawPayload.jsonText("[]");

  private MessageArray() {}

  /** Bytes that a message takes in an array, with its quotes and the comma. */
  public static int size(Frame frame) {
    int size = 3;
    for (byte b : frame.body()) {
      size += b == '"' || b == '\\' ? 2 : b >= 0 && b < 0x20 ? 6 : 1;
    }
    return size;
  }

  /** The messages in their order; none of them is binary. */
  public static RawPayload of(List<Frame> frames) {
    var out = new JsonWriter(2 + frames.stream().mapToInt(frame -> frame.body().length + 16).sum());
    out.raw("[");
    for (int i = 0; i < frames.size(); i++) {
      if (i > 0) {
        out.raw(",");
      }
      out.quoted(frames.get(i).body());
    }
    return RawPayload.json(out.raw("]").toBytes());
  }
}
