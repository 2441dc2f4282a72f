package dev.roost.host;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.application.Application;
import dev.roost.bus.RawPayload;
import dev.roost.channel.Payload;
import dev.roost.channel.PayloadWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Turns keys and metas that applications give into what can be tracked, on the caller's thread, so
 * that what cannot fails there. Safe for any thread.
 */
final class MetaWriter {

  private static final int MAX_KEY_CHARACTERS = 255;

  /** What every JavaScript object has: clients before phoenix.js 1.8.9 keep presences in one. */
  private static final Set<String> BREAKING_KEYS =
      Set.of(
          "__proto__",
          "constructor",
          "prototype",
          "hasOwnProperty",
          "isPrototypeOf",
          "propertyIsEnumerable",
          "toLocaleString",
          "toString",
          "valueOf",
          "__defineGetter__",
          "__defineSetter__",
          "__lookupGetter__",
          "__lookupSetter__");

  private final ObjectMapper mapper;
  private final PayloadWriter writer;
  private final int maxBytes;
  private final Runnable whenTooLarge;

  /**
   * @param whenTooLarge told of each meta over so many bytes, on the caller's thread
   */
  MetaWriter(Application application, int maxBytes, Runnable whenTooLarge) {
    this.mapper = application.mapper();
    this.writer = new PayloadWriter(mapper);
    this.maxBytes = maxBytes;
    this.whenTooLarge = whenTooLarge;
  }

  static String requireKey(String key) {
    if (BREAKING_KEYS.contains(key)) {
      throw new IllegalArgumentException(
          "a presence key is not a name that every JavaScript object has, got \""
              + key
              + "\": prefix keys that users choose, for instance with \"user:\"");
    }
    if (key.length() > MAX_KEY_CHARACTERS) {
      throw new IllegalArgumentException(
          "a presence key has at most " + MAX_KEY_CHARACTERS + " characters, got " + key.length());
    }
    requireWhole("presence key", key);
    return key;
  }

  static String requireTopic(String topic) {
    requireWhole("topic", topic);
    return topic;
  }

  /** Half of a character cannot be sent. */
  private static void requireWhole(String what, String text) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw new IllegalArgumentException(
          "a "
              + what
              + " is made of whole characters, got one with half a surrogate pair: cut text between"
              + " code points");
    }
  }

  /** Keys and their metas, without refs, in their order. */
  Map<String, RawPayload> all(Map<String, Object> metas) {
    var fields = new LinkedHashMap<String, RawPayload>();
    metas.forEach((key, meta) -> fields.put(requireKey(key), fields(meta)));
    return fields;
  }

  /** A meta without refs. */
  RawPayload fields(Object meta) {
    RawPayload raw = writer.writeObject(meta);
    if (raw.isBinary()) {
      throw new IllegalArgumentException("a meta is a JSON object, got binary");
    }
    return fields(object(raw));
  }

  /** A meta without refs; whatever refs are in it are taken out. */
  RawPayload fields(ObjectNode meta) {
    meta.remove("phx_ref");
    meta.remove("phx_ref_prev");
    RawPayload fields = writer.write(meta);
    if (fields.size() > maxBytes) {
      whenTooLarge.run();
      throw new IllegalArgumentException(
          "a meta has at most "
              + maxBytes
              + " bytes as JSON (metaBytes), got "
              + fields.size()
              + ": keep what all have to know, and fetch the rest");
    }
    return fields;
  }

  ObjectNode object(RawPayload json) {
    return (ObjectNode) new Payload(json, mapper).tree();
  }
}
