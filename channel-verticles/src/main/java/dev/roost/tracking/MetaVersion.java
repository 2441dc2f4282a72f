package dev.roost.tracking;

import dev.roost.bus.RawPayload;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * One version of a presence's meta.
 *
 * @param ref {@code phx_ref}, which no other version of any presence has (P-4)
 * @param json the meta, {@code phx_ref} included
 */
public record MetaVersion(String ref, RawPayload json) {

  /**
   * Adds the refs to a meta that has none.
   *
   * @param fields a JSON object
   * @param previousRef of the version that this one replaces (P-5)
   */
  static MetaVersion of(String ref, RawPayload fields, @Nullable String previousRef) {
    String refs =
        (fields.size() > 2 ? "," : "")
            + "\"phx_ref\":\""
            + ref
            + (previousRef == null ? "\"}" : "\",\"phx_ref_prev\":\"" + previousRef + "\"}");
    byte[] tail = refs.getBytes(StandardCharsets.US_ASCII);
    byte[] head = fields.bytes();
    var json = new byte[head.length - 1 + tail.length];
    System.arraycopy(head, 0, json, 0, head.length - 1);
    System.arraycopy(tail, 0, json, head.length - 1, tail.length);
    return new MetaVersion(ref, RawPayload.json(json));
  }
}
