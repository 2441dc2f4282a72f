package dev.roost.cluster;

import dev.roost.routing.JwtCheck;
import dev.roost.routing.TokenSource;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How a mount's clients prove who they are, as JSON in the directory:
 *
 * <pre>
 * {"keys": TEXT, "sources": ["authToken" | "authorization" | "param:NAME"..],
 *  "id": TEXT | null, "assigns": [TEXT..], "askHandler": BOOLEAN}
 * </pre>
 */
final class JwtCheckCodec {

  private static final Set<String> CHECK = Set.of("keys", "sources", "id", "assigns", "askHandler");
  private static final String AUTH_TOKEN = "authToken";
  private static final String AUTHORIZATION = "authorization";
  private static final String PARAM = "param:";

  private JwtCheckCodec() {}

  static @Nullable JsonObject json(@Nullable JwtCheck check) {
    return check == null
        ? null
        : new JsonObject()
            .put("keys", check.keys())
            .put(
                "sources",
                new JsonArray(check.sources().stream().map(JwtCheckCodec::text).toList()))
            .put("id", check.id())
            .put("assigns", new JsonArray(new ArrayList<>(check.assigns())))
            .put("askHandler", check.askHandler());
  }

  private static String text(TokenSource source) {
    return switch (source) {
      case TokenSource.AuthToken() -> AUTH_TOKEN;
      case TokenSource.Authorization() -> AUTHORIZATION;
      case TokenSource.Param(var name) -> PARAM + name;
    };
  }

  /** Throws IllegalArgumentException for anything else. */
  static @Nullable JwtCheck read(@Nullable Object value) {
    if (value == null) {
      return null;
    }
    JsonObject json = DirectoryCodec.exactly(value, CHECK);
    return new JwtCheck(
        DirectoryCodec.text(json, "keys"),
        DirectoryCodec.texts(json, "sources").stream().map(JwtCheckCodec::source).toList(),
        json.getValue("id") == null ? null : DirectoryCodec.text(json, "id"),
        DirectoryCodec.texts(json, "assigns"),
        DirectoryCodec.flag(json, "askHandler"));
  }

  private static TokenSource source(String text) {
    if (text.startsWith(PARAM)) {
      return TokenSource.param(text.substring(PARAM.length()));
    }
    return switch (text) {
      case AUTH_TOKEN -> TokenSource.authToken();
      case AUTHORIZATION -> TokenSource.authorization();
      default -> throw DirectoryCodec.refused("a known source of tokens", text);
    };
  }
}
