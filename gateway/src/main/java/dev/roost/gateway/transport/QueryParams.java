package dev.roost.gateway.transport;

import dev.roost.gateway.protocol.Utf8;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Decodes a query string as Plug does (E-21 to E-24): {@code a[b]=1} nests, {@code l[]=1} appends
 * to a list, {@code l[0]=x} makes a map, a later plain key wins.
 */
final class QueryParams {

  private static final int MAX_DEPTH = 32;

  private QueryParams() {}

  /**
   * The params as an object whose leaves are strings; empty if a name or value is not UTF-8.
   *
   * @param query as it was sent, each character an octet
   */
  static Optional<JsonObject> decode(String query) {
    var params = new JsonObject();
    for (String pair : query.split("&", -1)) {
      if (pair.isEmpty()) {
        continue;
      }
      int equals = pair.indexOf('=');
      String rawName = equals < 0 ? pair : pair.substring(0, equals);
      Optional<String> name = decodeText(rawName);
      Optional<String> value = decodeText(equals < 0 ? "" : pair.substring(equals + 1));
      if (name.isEmpty() || value.isEmpty()) {
        return Optional.empty();
      }
      put(params, path(name.get()), value.get());
    }
    return Optional.of(params);
  }

  /** {@code a[b][]} as {@code a, b, ""}; a name with broken brackets is one plain key. */
  private static List<String> path(String name) {
    int open = name.indexOf('[');
    if (open <= 0 || !name.endsWith("]")) {
      return List.of(name);
    }
    var path = new ArrayList<String>(3);
    path.add(name.substring(0, open));
    int position = open;
    while (position < name.length()) {
      int close = name.indexOf(']', position);
      if (name.charAt(position) != '[' || close < 0 || path.size() > MAX_DEPTH) {
        return List.of(name);
      }
      path.add(name.substring(position + 1, close));
      position = close + 1;
    }
    return path;
  }

  private static void put(JsonObject params, List<String> path, String value) {
    JsonObject object = params;
    for (int i = 0; i < path.size(); i++) {
      String key = path.get(i);
      boolean last = i == path.size() - 1;
      if (last) {
        object.put(key, value);
        return;
      }
      if (path.get(i + 1).isEmpty()) {
        append(object, key, path.subList(i + 2, path.size()), value);
        return;
      }
      if (object.getValue(key) instanceof JsonObject present) {
        object = present;
      } else {
        var made = new JsonObject();
        object.put(key, made);
        object = made;
      }
    }
  }

  private static void append(JsonObject object, String key, List<String> rest, String value) {
    JsonArray list;
    if (object.getValue(key) instanceof JsonArray present) {
      list = present;
    } else {
      list = new JsonArray();
      object.put(key, list);
    }
    if (rest.isEmpty()) {
      list.add(value);
    } else {
      var element = new JsonObject();
      put(element, rest, value);
      list.add(element);
    }
  }

  private static Optional<String> decodeText(String text) {
    if (isPlain(text)) {
      return Optional.of(text);
    }
    var bytes = new ByteArrayOutputStream(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int high = c == '%' && i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
      int low = high >= 0 ? Character.digit(text.charAt(i + 2), 16) : -1;
      if (low >= 0) {
        bytes.write(high << 4 | low);
        i += 2;
      } else {
        bytes.write(c == '+' ? ' ' : c);
      }
    }
    byte[] decoded = bytes.toByteArray();
    return Utf8.isValid(decoded)
        ? Optional.of(new String(decoded, StandardCharsets.UTF_8))
        : Optional.empty();
  }

  private static boolean isPlain(String text) {
    return text.chars().allMatch(c -> c != '%' && c != '+' && c < 0x80);
  }
}
