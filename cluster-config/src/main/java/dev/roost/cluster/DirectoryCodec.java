package dev.roost.cluster;

import dev.roost.routing.Advertisement;
import dev.roost.routing.ConnectInfoKey;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.OriginPolicy;
import dev.roost.routing.PathPattern;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketLimits;
import dev.roost.routing.SocketOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A directory as JSON, which people may have to read:
 *
 * <pre>
 * {"version": 1, "nodes": {NODE: [{
 *   "application": TEXT, "draining": BOOLEAN, "paths": [TEXT..], "routes": [TEXT..],
 *   "inboxes": [TEXT..], "handled": {PATH: {
 *     "checkOrigin": "any" | "sameHost" | "sameConnection" | "byHandler"
 *                  | [{"scheme": TEXT | null, "host": TEXT, "port": NUMBER}..],
 *     "checkCsrf": BOOLEAN, "websocketPath": TEXT | null,
 *     "longPoll": {"path": TEXT, "window": ISO-8601, "maxBodyBytes": NUMBER,
 *                  "maxBatchLines": NUMBER} | null,
 *     "connectInfo": [TEXT..], "authToken": BOOLEAN, "jwt": {@link JwtCheckCodec} | null,
 *     "subprotocols": [TEXT..],
 *     "idleTimeout": ISO-8601, "limits": {"maxChannels": NUMBER, "joinsPerSecond": NUMBER,
 *                  "eventsPerSecond": NUMBER, "bytesPerSecond": NUMBER,
 *                  "maxTopicBytes": NUMBER, "maxEventBytes": NUMBER}}}}..]}}
 * </pre>
 *
 * <p>Reading believes nothing: what is not exactly this, of at most {@link #MAX_BYTES}, is an
 * IllegalArgumentException.
 */
final class DirectoryCodec {

  static final int MAX_BYTES = 1 << 20;

  private static final int VERSION = 1;
  private static final Set<String> TOP = Set.of("version", "nodes");
  private static final Set<String> OFFER =
      Set.of("application", "draining", "paths", "routes", "inboxes", "handled");
  private static final Set<String> OPTIONS =
      Set.of(
          "checkOrigin",
          "checkCsrf",
          "websocketPath",
          "longPoll",
          "connectInfo",
          "authToken",
          "jwt",
          "subprotocols",
          "idleTimeout",
          "limits");
  private static final Set<String> LONG_POLL =
      Set.of("path", "window", "maxBodyBytes", "maxBatchLines");
  private static final Set<String> LIMITS =
      Set.of(
          "maxChannels",
          "joinsPerSecond",
          "eventsPerSecond",
          "bytesPerSecond",
          "maxTopicBytes",
          "maxEventBytes");
  private static final Set<String> ORIGIN = Set.of("scheme", "host", "port");

  private DirectoryCodec() {}

  /** The cluster offers more than the bytes allow. */
  static final class TooLargeException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    TooLargeException(int bytes) {
      super(
          "what all nodes offer has at most "
              + MAX_BYTES
              + " bytes, got "
              + bytes
              + "; deploy fewer routes or applications");
    }
  }

  /** Throws TooLargeException. */
  static byte[] encode(Directory directory) {
    var nodes = new JsonObject();
    directory
        .nodes()
        .forEach(
            (node, offers) ->
                nodes.put(
                    node, array(offers.values().stream().map(DirectoryCodec::json).toList())));
    byte[] bytes =
        new JsonObject().put("version", VERSION).put("nodes", nodes).toBuffer().getBytes();
    if (bytes.length > MAX_BYTES) {
      throw new TooLargeException(bytes.length);
    }
    return bytes;
  }

  private static JsonArray array(List<?> values) {
    return new JsonArray(new ArrayList<>(values));
  }

  private static JsonObject json(Offer offer) {
    Advertisement application = offer.advertisement();
    var handled = new JsonObject();
    new TreeMap<>(application.handled())
        .forEach((path, options) -> handled.put(path, json(options)));
    return new JsonObject()
        .put("application", application.application())
        .put("draining", offer.draining())
        .put("paths", array(application.paths()))
        .put("routes", array(application.routes().stream().map(RoutePattern::pattern).toList()))
        .put("inboxes", array(application.inboxes()))
        .put("handled", handled);
  }

  private static JsonObject json(SocketOptions options) {
    return new JsonObject()
        .put("checkOrigin", json(options.checkOrigin()))
        .put("checkCsrf", options.checkCsrf())
        .put("websocketPath", options.websocketPath())
        .put("longPoll", json(options.longPoll()))
        .put(
            "connectInfo",
            array(options.connectInfo().stream().sorted().map(ConnectInfoKey::wireName).toList()))
        .put("authToken", options.authToken())
        .put("jwt", JwtCheckCodec.json(options.jwt()))
        .put("subprotocols", array(options.subprotocols()))
        .put("idleTimeout", options.idleTimeout().toString())
        .put("limits", json(options.limits()));
  }

  private static @Nullable JsonObject json(@Nullable LongPollOptions options) {
    return options == null
        ? null
        : new JsonObject()
            .put("path", options.path())
            .put("window", options.window().toString())
            .put("maxBodyBytes", options.maxBodyBytes())
            .put("maxBatchLines", options.maxBatchLines());
  }

  private static JsonObject json(SocketLimits limits) {
    return new JsonObject()
        .put("maxChannels", limits.maxChannels())
        .put("joinsPerSecond", limits.joinsPerSecond())
        .put("eventsPerSecond", limits.eventsPerSecond())
        .put("bytesPerSecond", limits.bytesPerSecond())
        .put("maxTopicBytes", limits.maxTopicBytes())
        .put("maxEventBytes", limits.maxEventBytes());
  }

  private static Object json(OriginPolicy policy) {
    return switch (policy) {
      case OriginPolicy.Any() -> "any";
      case OriginPolicy.SameHost() -> "sameHost";
      case OriginPolicy.SameConnection() -> "sameConnection";
      case OriginPolicy.ByHandler() -> "byHandler";
      case OriginPolicy.Listed(var entries) ->
          array(
              entries.stream()
                  .map(
                      entry ->
                          new JsonObject()
                              .put("scheme", entry.scheme())
                              .put("host", entry.host())
                              .put("port", entry.port()))
                  .toList());
    };
  }

  static Directory decode(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw refused("at most " + MAX_BYTES + " bytes", bytes.length);
    }
    JsonObject all;
    try {
      all = new JsonObject(Buffer.buffer(bytes));
    } catch (DecodeException | ClassCastException e) {
      throw refused("a JSON object", "something else");
    }
    if (!Integer.valueOf(VERSION).equals(all.getValue("version"))) {
      throw refused(
          "version " + VERSION + ", the same version of Roost on all nodes",
          all.getValue("version"));
    }
    JsonObject nodes = object(exactly(all, TOP), "nodes");
    var directory = new HashMap<String, Map<String, Offer>>();
    for (String node : nodes.fieldNames()) {
      var offers = new HashMap<String, Offer>();
      for (Object entry : list(nodes, node)) {
        Offer offer = offer(exactly(entry, OFFER));
        if (offers.put(offer.application(), offer) != null) {
          throw refused("one offer of an application by node", offer.application());
        }
      }
      directory.put(node, offers);
    }
    return new Directory(directory);
  }

  private static Offer offer(JsonObject json) {
    JsonObject mounts = object(json, "handled");
    var handled = new HashMap<String, SocketOptions>();
    for (String path : mounts.fieldNames()) {
      SocketOptions options = options(exactly(mounts.getValue(path), OPTIONS));
      PathPattern.parse(path);
      handled.put(path, options);
    }
    return new Offer(
        new Advertisement(
            text(json, "application"),
            texts(json, "paths"),
            handled,
            texts(json, "routes").stream().map(RoutePattern::new).toList(),
            texts(json, "inboxes")),
        flag(json, "draining"));
  }

  private static SocketOptions options(JsonObject json) {
    var connectInfo = EnumSet.noneOf(ConnectInfoKey.class);
    for (String name : texts(json, "connectInfo")) {
      connectInfo.add(connectInfoKey(name));
    }
    return new SocketOptions(
        origins(json.getValue("checkOrigin")),
        flag(json, "checkCsrf"),
        json.getValue("websocketPath") == null ? null : text(json, "websocketPath"),
        json.getValue("longPoll") == null ? null : longPoll(json.getValue("longPoll")),
        connectInfo,
        flag(json, "authToken"),
        JwtCheckCodec.read(json.getValue("jwt")),
        texts(json, "subprotocols"),
        duration(json, "idleTimeout"),
        limits(exactly(json.getValue("limits"), LIMITS)));
  }

  private static LongPollOptions longPoll(@Nullable Object value) {
    JsonObject json = exactly(value, LONG_POLL);
    return new LongPollOptions(
        text(json, "path"),
        duration(json, "window"),
        number(json, "maxBodyBytes"),
        number(json, "maxBatchLines"));
  }

  private static SocketLimits limits(JsonObject json) {
    return new SocketLimits(
        number(json, "maxChannels"),
        number(json, "joinsPerSecond"),
        number(json, "eventsPerSecond"),
        number(json, "bytesPerSecond"),
        number(json, "maxTopicBytes"),
        number(json, "maxEventBytes"));
  }

  private static ConnectInfoKey connectInfoKey(String name) {
    for (ConnectInfoKey key : ConnectInfoKey.values()) {
      if (key.wireName().equals(name)) {
        return key;
      }
    }
    throw refused("known keys of the connect info", name);
  }

  private static OriginPolicy origins(@Nullable Object json) {
    if (json instanceof JsonArray listed) {
      var entries = new ArrayList<OriginPolicy.Entry>();
      for (Object entry : listed) {
        JsonObject origin = exactly(entry, ORIGIN);
        entries.add(
            new OriginPolicy.Entry(
                origin.getValue("scheme") == null ? null : text(origin, "scheme"),
                text(origin, "host"),
                number(origin, "port")));
      }
      return new OriginPolicy.Listed(entries);
    }
    if ("any".equals(json)) {
      return OriginPolicy.any();
    }
    if ("sameHost".equals(json)) {
      return OriginPolicy.sameHost();
    }
    if ("sameConnection".equals(json)) {
      return OriginPolicy.sameConnection();
    }
    if ("byHandler".equals(json)) {
      return OriginPolicy.byHandler();
    }
    throw refused("a known checkOrigin", json);
  }

  /* ---- JSON of the right type, or nothing */

  static JsonObject exactly(@Nullable Object json, Set<String> keys) {
    if (json instanceof JsonObject object && object.fieldNames().equals(keys)) {
      return object;
    }
    throw refused("an object with " + keys.stream().sorted().toList(), json);
  }

  private static JsonObject object(JsonObject parent, String key) {
    if (parent.getValue(key) instanceof JsonObject object) {
      return object;
    }
    throw wrong(parent, key);
  }

  private static JsonArray list(JsonObject parent, String key) {
    if (parent.getValue(key) instanceof JsonArray array) {
      return array;
    }
    throw wrong(parent, key);
  }

  static String text(JsonObject parent, String key) {
    if (parent.getValue(key) instanceof String text) {
      return text;
    }
    throw wrong(parent, key);
  }

  static boolean flag(JsonObject parent, String key) {
    if (parent.getValue(key) instanceof Boolean flag) {
      return flag;
    }
    throw wrong(parent, key);
  }

  private static Duration duration(JsonObject parent, String key) {
    try {
      return Duration.parse(text(parent, key));
    } catch (DateTimeParseException e) {
      throw refused("a duration such as PT1M as " + key, parent.getValue(key));
    }
  }

  private static int number(JsonObject parent, String key) {
    if (parent.getValue(key) instanceof Integer number) {
      return number;
    }
    throw wrong(parent, key);
  }

  static List<String> texts(JsonObject parent, String key) {
    var texts = new ArrayList<String>();
    for (Object entry : list(parent, key)) {
      if (!(entry instanceof String text)) {
        throw wrong(parent, key);
      }
      texts.add(text);
    }
    return texts;
  }

  private static IllegalArgumentException wrong(JsonObject parent, String key) {
    return refused("another type as " + key, parent.getValue(key));
  }

  static IllegalArgumentException refused(String expected, @Nullable Object got) {
    String shown = String.valueOf(got);
    return new IllegalArgumentException(
        "the directory in the registry: expected "
            + expected
            + ", got "
            + (shown.length() > 200 ? shown.substring(0, 200) + ".." : shown));
  }
}
