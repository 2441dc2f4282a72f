package dev.roost.gateway.transport;

import dev.roost.cluster.Applications;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.edge.ClientRequest;
import dev.roost.routing.PathPattern;
import io.vertx.core.http.HttpServerRequest;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells which requests are for sockets, and hands them to their transport. Used on the gateway's
 * context only.
 */
public final class SocketPaths {

  private static final Logger log = LoggerFactory.getLogger(SocketPaths.class);
  private static final String NOT_SET_UP = "this server is not set up for this socket";
  private static final String AWAY = "the application of this socket is away";
  private static final String NOTHING_YET = "no application has been deployed yet";
  private static final String NOT_ALL_YET = "an application has not been deployed yet";
  private static final Pattern USUAL = Pattern.compile("/(?:websocket|longpoll)/*$");

  private final ClusterNode node;
  private final WebSocketTransport webSockets;
  private final LongPollTransport longPolls;
  private final GatewayOptions options;
  private final Map<String, PathPattern> served = new HashMap<>();
  private final Set<String> reported = new HashSet<>();
  private final Set<String> awaited;

  public SocketPaths(
      ClusterNode node,
      WebSocketTransport webSockets,
      LongPollTransport longPolls,
      GatewayOptions options) {
    this.node = node;
    this.webSockets = webSockets;
    this.longPolls = longPolls;
    this.options = options;
    this.awaited = new HashSet<>(options.awaitApplications());
    changed(node.snapshot());
  }

  /** Applications may have come: one that was known once is not awaited any more, but missed. */
  public void changed(ClusterNode.Snapshot now) {
    awaited.removeAll(now.applications().names());
    now.applications().mounts().stream()
        .flatMap(mount -> mount.transports().values().stream())
        .forEach(pattern -> served.putIfAbsent(pattern.toString(), pattern));
  }

  /**
   * Takes a request to a path that is or was a socket's; false for any other, which is not touched
   * (E-10).
   *
   * @param client who asks
   */
  public boolean handle(HttpServerRequest request, ClientRequest client) {
    String path = request.path();
    if (path == null) {
      return false;
    }
    Optional<Applications.Matched> matched = node.snapshot().applications().match(path);
    if (matched.isPresent()) {
      Optional<String> lack = options.auth().lacks(matched.get().mount().options());
      if (lack.isPresent()) {
        refuse(request, matched.get().mount(), lack.get());
        return true;
      }
      switch (matched.get().transport()) {
        case WEBSOCKET -> webSockets.handle(request, client, matched.get());
        case LONG_POLL -> longPolls.handle(request, client, matched.get());
      }
      return true;
    }
    if (wasServed(path)) {
      // Its application is away, perhaps for a deploy: clients are to try again.
      comeAgain(request, AWAY);
      return true;
    }
    return false;
  }

  /**
   * Answers a request that nobody else does, if it seems to be for a socket while no application is
   * known, or not yet each that {@link GatewayOptions#awaitApplications} names: its path may be the
   * right one in a moment. False for any other, which is not touched.
   */
  public boolean awaitApplication(HttpServerRequest request) {
    boolean nothing = node.snapshot().applications().names().isEmpty();
    if ((!nothing && awaited.isEmpty()) || !isLikeOfSockets(request)) {
      return false;
    }
    comeAgain(request, nothing ? NOTHING_YET : NOT_ALL_YET);
    return true;
  }

  private void comeAgain(HttpServerRequest request, String reason) {
    options.metrics().connectionRefused(503);
    var unused =
        request
            .response()
            .setStatusCode(503)
            .putHeader("retry-after", "1")
            .putHeader("content-type", "text/plain; charset=utf-8")
            .end(reason);
  }

  private static boolean isLikeOfSockets(HttpServerRequest request) {
    String path = request.path();
    return Upgrade.isWanted(request) || (path != null && USUAL.matcher(path).find());
  }

  /** Told once, since clients come again and again. */
  private void refuse(HttpServerRequest request, Applications.Mount mount, String lack) {
    if (reported.add(mount.path() + ": " + lack)) {
      log.error("connections to {} are refused with 500: {}", mount.path(), lack);
    }
    options.metrics().connectionRefused(500);
    var unused =
        request
            .response()
            .setStatusCode(500)
            .putHeader("content-type", "text/plain; charset=utf-8")
            .end(NOT_SET_UP);
  }

  private boolean wasServed(String path) {
    return served.values().stream().anyMatch(pattern -> pattern.match(path).isPresent());
  }
}
