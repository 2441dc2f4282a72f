package dev.roost.routing;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How a mount treats its sockets. Part of what an application advertises, so that gateways need no
 * configuration of their own for it. Every option has a default; {@code with..} methods change one.
 *
 * @param checkOrigin which pages may connect; default {@link OriginPolicy.SameHost}
 * @param checkCsrf whether a session is handed on only with a CSRF token that belongs to it (C-12);
 *     default true. Off, any page that may connect comes with its visitor's session (C-13), so it
 *     and the origin check cannot both be off (E-14)
 * @param websocketPath transport path behind the mount path, null if WebSockets are not served;
 *     default {@code /websocket} (E-3)
 * @param longPoll how long polling is served, null if it is not; default null (E-2)
 * @param connectInfo what the socket handler is told of the request; default nothing (C-1)
 * @param authToken whether the token in the subprotocol list or, for long polling, in the
 *     header {@code X-Phoenix-AuthToken} is read; default false
 * @param jwt how gateways verify the clients' JSON Web Tokens; default null, they do not and the
 *     socket handler decides
 * @param subprotocols WebSocket subprotocols offered, in order of preference; default none
 * @param idleTimeout a WebSocket from which no frame came for so long is closed with 1002 (W-1),
 *     and one whose message in fragments is not whole after it; default 60 s
 * @param limits what one socket may do
 */
public record SocketOptions(
    OriginPolicy checkOrigin,
    boolean checkCsrf,
    @Nullable String websocketPath,
    @Nullable LongPollOptions longPoll,
    Set<ConnectInfoKey> connectInfo,
    boolean authToken,
    @Nullable JwtCheck jwt,
    List<String> subprotocols,
    Duration idleTimeout,
    SocketLimits limits) {

  private static final SocketOptions DEFAULTS =
      new SocketOptions(
          OriginPolicy.sameHost(),
          true,
          "/websocket",
          null,
          Set.of(),
          false,
          null,
          List.of(),
          Duration.ofSeconds(60),
          SocketLimits.defaults());

  public SocketOptions {
    Objects.requireNonNull(checkOrigin, "checkOrigin");
    Objects.requireNonNull(limits, "limits");
    if (!checkCsrf && checkOrigin instanceof OriginPolicy.Any) {
      throw new IllegalArgumentException(
          "checkOrigin is any and checkCsrf is off, so any page could use its visitor's session:"
              + " leave one of them on, such as OriginPolicy.listed(..)");
    }
    if (jwt != null) {
      checkJwt(jwt, authToken, checkOrigin);
    }
    connectInfo = Set.copyOf(connectInfo);
    subprotocols = List.copyOf(subprotocols);
    if (websocketPath != null) {
      checkTransportPath("websocketPath", websocketPath);
    } else if (longPoll == null) {
      throw new IllegalArgumentException(
          "a mount serves WebSockets, long polling or both: leave one of them on");
    }
    if (longPoll != null
        && websocketPath != null
        && PathPattern.parse(websocketPath).overlaps(PathPattern.parse(longPoll.path()))) {
      throw new IllegalArgumentException(
          "WebSockets and long polling have different paths, got "
              + websocketPath
              + " and "
              + longPoll.path());
    }
    if (idleTimeout.toMillis() < 1000) {
      throw new IllegalArgumentException("idleTimeout is 1 s or more, got " + idleTimeout);
    }
  }

  private static void checkJwt(JwtCheck jwt, boolean authToken, OriginPolicy checkOrigin) {
    if (!authToken && jwt.sources().contains(TokenSource.authToken())) {
      throw new IllegalArgumentException(
          "jwt takes the auth token, which is read with authToken only: add withAuthToken(true)"
              + " before withJwt(..)");
    }
    if (!jwt.askHandler() && checkOrigin instanceof OriginPolicy.ByHandler) {
      throw new IllegalArgumentException(
          "checkOrigin is byHandler, but jwt does not ask the handler: add withAskHandler(true), or"
              + " name the origins, such as OriginPolicy.listed(..)");
    }
  }

  static void checkTransportPath(String option, String path) {
    if (!path.startsWith("/") || path.length() < 2) {
      throw new IllegalArgumentException(
          option + " starts with / and names a segment, such as /websocket, got \"" + path + "\"");
    }
  }

  /** Phoenix's defaults. */
  public static SocketOptions defaults() {
    return DEFAULTS;
  }

  /** Where WebSockets are served below this mount path; empty if they are not. */
  public Optional<PathPattern> websocket(String mount) {
    return Optional.ofNullable(websocketPath).map(path -> PathPattern.parse(mount + path));
  }

  /** Where long polling is served below this mount path; empty if it is not. */
  public Optional<PathPattern> longPoll(String mount) {
    return Optional.ofNullable(longPoll).map(served -> PathPattern.parse(mount + served.path()));
  }

  public SocketOptions withCheckOrigin(OriginPolicy value) {
    return change(builder -> builder.checkOrigin = value);
  }

  public SocketOptions withCheckCsrf(boolean value) {
    return change(builder -> builder.checkCsrf = value);
  }

  public SocketOptions withWebsocketPath(String value) {
    return change(builder -> builder.websocketPath = value);
  }

  /** Serves long polling only. */
  public SocketOptions withoutWebsocket() {
    return change(builder -> builder.websocketPath = null);
  }

  /** Serves long polling too, with the default options. */
  public SocketOptions withLongPoll() {
    return withLongPoll(LongPollOptions.defaults());
  }

  public SocketOptions withLongPoll(LongPollOptions value) {
    return change(builder -> builder.longPoll = value);
  }

  public SocketOptions withConnectInfo(ConnectInfoKey... value) {
    return change(builder -> builder.connectInfo = Set.of(value));
  }

  public SocketOptions withAuthToken(boolean value) {
    return change(builder -> builder.authToken = value);
  }

  public SocketOptions withJwt(@Nullable JwtCheck value) {
    return change(builder -> builder.jwt = value);
  }

  public SocketOptions withSubprotocols(String... value) {
    return change(builder -> builder.subprotocols = List.of(value));
  }

  public SocketOptions withIdleTimeout(Duration value) {
    return change(builder -> builder.idleTimeout = value);
  }

  public SocketOptions withLimits(SocketLimits value) {
    return change(builder -> builder.limits = value);
  }

  /** Changes one of the limits, {@link SocketLimits#maxChannels}. */
  public SocketOptions withMaxChannels(int value) {
    return withLimits(limits.withMaxChannels(value));
  }

  private SocketOptions change(Consumer<Builder> change) {
    var builder = new Builder(this);
    change.accept(builder);
    return builder.build();
  }

  /** The record's fields, changeable for the length of one {@code with}. */
  private static final class Builder {
    private OriginPolicy checkOrigin;
    private boolean checkCsrf;
    private @Nullable String websocketPath;
    private @Nullable LongPollOptions longPoll;
    private Set<ConnectInfoKey> connectInfo;
    private boolean authToken;
    private @Nullable JwtCheck jwt;
    private List<String> subprotocols;
    private Duration idleTimeout;
    private SocketLimits limits;

    Builder(SocketOptions options) {
      checkOrigin = options.checkOrigin;
      checkCsrf = options.checkCsrf;
      websocketPath = options.websocketPath;
      longPoll = options.longPoll;
      connectInfo = options.connectInfo;
      authToken = options.authToken;
      jwt = options.jwt;
      subprotocols = options.subprotocols;
      idleTimeout = options.idleTimeout;
      limits = options.limits;
    }

    SocketOptions build() {
      return new SocketOptions(
          checkOrigin,
          checkCsrf,
          websocketPath,
          longPoll,
          connectInfo,
          authToken,
          jwt,
          subprotocols,
          idleTimeout,
          limits);
    }
  }
}
