package dev.roost.tracking;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.roost.bus.RawPayload;
import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * Puts JSON together from parts that are JSON already: a list of 10,000 presences is copied, not
 * written anew.
 */
final class JsonText {

  private static final JsonStringEncoder STRINGS = JsonStringEncoder.getInstance();
  private static final byte[] METAS =
      "{\"metas\":[".getBytes(java.nio.charset.StandardCharsets.UTF_8);

  private final ByteArrayOutputStream out;
  private boolean isFirst = true;

  JsonText(int expectedBytes) {
    out = new ByteArrayOutputStream(expectedBytes);
  }

  /** A text as a JSON string. */
  static byte[] quoted(String text) {
    byte[] inner = STRINGS.quoteAsUTF8(text);
    var quoted = new byte[inner.length + 2];
    quoted[0] = '"';
    System.arraycopy(inner, 0, quoted, 1, inner.length);
    quoted[quoted.length - 1] = '"';
    return quoted;
  }

  JsonText open() {
    out.write('{');
    return this;
  }

  /** The name of the next member; its value follows. */
  JsonText member(byte[] quotedName) {
    if (!isFirst) {
      out.write(',');
    }
    isFirst = false;
    out.writeBytes(quotedName);
    out.write(':');
    return this;
  }

  JsonText value(RawPayload json) {
    out.writeBytes(json.bytes());
    return this;
  }

  /** A presence of these metas. */
  JsonText metas(List<Meta> metas) {
    out.writeBytes(METAS);
    for (int i = 0; i < metas.size(); i++) {
      if (i > 0) {
        out.write(',');
      }
      out.writeBytes(metas.get(i).json().bytes());
    }
    out.write(']');
    out.write('}');
    return this;
  }

  JsonText close() {
    out.write('}');
    return this;
  }

  RawPayload raw() {
    return RawPayload.json(out.toByteArray());
  }
}
