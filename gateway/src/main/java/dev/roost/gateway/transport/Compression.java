package dev.roost.gateway.transport;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketServerExtensionHandler;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpServerConnection;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * Compression of messages, permessage-deflate (RFC 7692), for the sockets of one context: agrees on
 * it, deflates what is sent, and lends what inflates.
 */
final class Compression {

  /*
   * Vert.x inflates a frame before anybody sees it, however much comes of it, so its own handler of
   * the extension is taken out before the upgrade, whoever made the HTTP server, and what is agreed
   * on is Roost's. Neither side keeps anything from one message to the next
   * (client_no_context_takeover; what Roost sends never looks back): a socket has no window of its
   * own, and a message for many is deflated once. The connection is reached behind the public API,
   * which has nothing for this before the upgrade.
   */

  private static final String EXTENSION = "permessage-deflate";
  private static final String CLIENT_NO_CONTEXT = "client_no_context_takeover";
  private static final String SERVER_NO_CONTEXT = "server_no_context_takeover";
  private static final String CLIENT_WINDOW = "client_max_window_bits";
  private static final String SERVER_WINDOW = "server_max_window_bits";
  private static final String LARGEST_WINDOW = "15";

  /** Shorter ones gain nothing. */
  private static final int MIN_BYTES = 128;

  /** Longer ones would keep the event loop for too long. */
  private static final int MAX_BYTES = 1 << 20;

  // An empty block at the end of each flush, left out on the wire (RFC 7692, section 7.2.1).
  private static final int TAIL_BYTES = 4;

  private @Nullable Deflater deflater;
  private byte[] deflated = new byte[1_024];
  private @Nullable Inflation spare;

  /**
   * Takes the extension over from Vert.x on a connection that is about to become a WebSocket, and
   * answers the client's offer if the HTTP server has compression on.
   *
   * @return whether messages may come compressed
   */
  boolean agree(HttpServerRequest request) {
    if (!(request.connection() instanceof HttpServerConnection connection)) {
      return false; // None of Vert.x's, which upgrades no other.
    }
    ChannelPipeline pipeline = connection.channelHandlerContext().pipeline();
    if (pipeline.get(WebSocketServerExtensionHandler.class) == null) {
      return false; // Off.
    }
    pipeline.remove(WebSocketServerExtensionHandler.class);
    Optional<String> answer = answer(request.headers().getAll("sec-websocket-extensions"));
    answer.ifPresent(value -> request.response().putHeader("sec-websocket-extensions", value));
    return answer.isPresent();
  }

  /** What the first offer that Roost can keep is answered with; empty if there is none. */
  static Optional<String> answer(List<String> headers) {
    return headers.stream()
        .flatMap(header -> Arrays.stream(header.split(",", -1)))
        .map(Compression::accept)
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Optional<String> accept(String offer) {
    String[] parts = offer.split(";", -1);
    if (!parts[0].strip().equalsIgnoreCase(EXTENSION)) {
      return Optional.empty();
    }
    Map<String, String> parameters = new HashMap<>();
    for (String part : Arrays.asList(parts).subList(1, parts.length)) {
      String[] pair = part.split("=", 2);
      String name = pair[0].strip().toLowerCase(Locale.ROOT);
      String value = pair.length == 1 ? "" : pair[1].strip().replace("\"", "");
      if (parameters.put(name, value) != null || !canKeep(name, value)) {
        return Optional.empty();
      }
    }
    var answer = new StringBuilder(EXTENSION).append("; ").append(CLIENT_NO_CONTEXT);
    if (parameters.containsKey(SERVER_NO_CONTEXT)) {
      answer.append("; ").append(SERVER_NO_CONTEXT);
    }
    if (parameters.containsKey(SERVER_WINDOW)) {
      answer.append("; ").append(SERVER_WINDOW).append('=').append(LARGEST_WINDOW);
    }
    return Optional.of(answer.toString());
  }

  private static boolean canKeep(String name, String value) {
    return switch (name) {
      case CLIENT_NO_CONTEXT, SERVER_NO_CONTEXT -> value.isEmpty();
      case CLIENT_WINDOW -> value.isEmpty() || value.matches("[89]|1[0-5]");
      case SERVER_WINDOW -> value.equals(LARGEST_WINDOW); // The JDK deflates with no smaller one.
      default -> false;
    };
  }

  /** The message deflated by itself; null if it is to be sent as it is. */
  byte @Nullable [] deflate(byte[] body) {
    if (body.length < MIN_BYTES || body.length > MAX_BYTES) {
      return null;
    }
    Deflater idle = deflater == null ? new Deflater(Deflater.BEST_SPEED, true) : deflater;
    deflater = idle;
    idle.reset();
    idle.setInput(body);
    int length = 0;
    while (true) {
      length += idle.deflate(deflated, length, deflated.length - length, Deflater.SYNC_FLUSH);
      if (length < deflated.length) {
        break;
      }
      deflated = Arrays.copyOf(deflated, 2 * deflated.length);
    }
    length -= TAIL_BYTES;
    return length < body.length ? Arrays.copyOf(deflated, length) : null;
  }

  /** For one message: give it back when it is over. */
  Inflation inflation() {
    Inflation present = spare;
    spare = null;
    return present == null ? new Inflation() : present;
  }

  void giveBack(Inflation inflation) {
    if (spare != null) {
      inflation.end();
      return;
    }
    inflation.reset();
    spare = inflation;
  }
}
