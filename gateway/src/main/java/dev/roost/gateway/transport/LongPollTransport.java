package dev.roost.gateway.transport;

import dev.roost.bus.BusEndpoint;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.SessionMessage;
import dev.roost.cluster.Applications;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.admission.Admission;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.edge.ClientRequest;
import dev.roost.gateway.protocol.MessageArray;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.Lease;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.routing.LongPollOptions;
import dev.roost.routing.SocketOptions;
import dev.roost.routing.Transport;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From HTTP requests to long-poll sessions, which this gateway verticle holds or any other (section
 * 18 of the specification). Used on the gateway's context only.
 */
public final class LongPollTransport {

  /*
   * A client's requests arrive at any gateway, as its load balancer likes; the token names the one
   * that holds the session. Each request is put to the holder by a message, also if that is this
   * gateway, and its answer comes as one: there is one path, however the requests fall.
   */

  private static final Logger log = LoggerFactory.getLogger(LongPollTransport.class);

  /** How long a holder may take beyond the window until its session counts as gone (G-34). */
  private static final Duration HOLDER_TIMEOUT = Duration.ofSeconds(2);

  private static final RawPayload NOTHING = RawPayload.binary(new byte[0]);
  private static final String TOKEN_HEADER = "x-phoenix-longpoll-token";
  private static final String AUTH_TOKEN_HEADER = "x-phoenix-authtoken";
  private static final String BATCH = "application/x-ndjson";
  private static final int FORBIDDEN = 403;
  private static final int BAD_REQUEST = 400;
  private static final int SERVER_ERROR = 500;

  /** Answers over this size, 64 KiB, ask for room, as messages to WebSockets do. */
  private static final int LARGE = 64 << 10;

  /** A body that is kept without asking another gateway first: as large as headers may be. */
  private static final int SMALL_BODY_BYTES = 32_768;

  private final ClusterNode node;
  private final BusEndpoint endpoint;
  private final Door door;
  private final Connects connects;
  private final SocketTable table;
  private final MessageBudget budget;
  private final MessageBudget queued;
  private final GatewayOptions options;
  private final List<Serializer> serializers;
  private final LongPollSessions sessions;
  private final Map<Long, Exchange> exchanges = new LinkedHashMap<>();
  private final Map<Session, Long> unread = new HashMap<>();
  private long lastRequest;
  private int bodies;

  /** A session as its client has proved to know it: its number alone could be anybody's guess. */
  private record Session(String holder, long number, RawPayload secret) {}

  /** A request to a mount's long-poll path, as far as it was read. */
  private record Request(
      HttpServerRequest http,
      ClientRequest client,
      Applications.Mount mount,
      LongPollOptions options,
      JsonObject params) {}

  /** A request that its session's holder has yet to answer. */
  private record Exchange(
      Request request, String holder, LongPollToken token, Kind kind, long deadline) {}

  /** What its holder is asked. */
  private enum Kind {
    POLL,
    /** Whether there is such a session, before a large body is read. */
    KNOCK,
    POST
  }

  /**
   * A transport that holds sessions itself.
   *
   * @param verticle number of this gateway on its node, as in its inbox
   */
  public LongPollTransport(
      ClusterNode node,
      int verticle,
      BusEndpoint endpoint,
      Door door,
      Connects connects,
      SocketTable table,
      MessageBudget budget,
      MessageBudget queued,
      GatewayOptions options) {
    this.node = node;
    this.endpoint = endpoint;
    this.door = door;
    this.connects = connects;
    this.table = table;
    this.budget = budget;
    this.queued = queued;
    this.options = options;
    this.serializers = Serializer.reading(options.limits().maxJsonDepth());
    this.sessions =
        new LongPollSessions(
            node.vertx().getOrCreateContext(),
            node.name(),
            verticle,
            options,
            budget,
            this::answer);
  }

  /* ---- requests */

  /** Takes a request to the long-poll path of a mount (G-10). */
  public void handle(HttpServerRequest http, ClientRequest client, Applications.Matched matched) {
    Applications.Mount mount = matched.mount();
    LongPollOptions served =
        options.limits().of(Objects.requireNonNull(mount.options().longPoll(), "longPoll"));
    String query = http.query();
    Optional<JsonObject> params = QueryParams.decode(query == null ? "" : query);
    if (params.isEmpty()) {
      refuse(http, BAD_REQUEST);
      return;
    }
    matched.variables().forEach(params.get()::put);
    http.response().putHeader("access-control-allow-origin", "*");
    var request = new Request(http, client, mount, served, params.get());
    if (!Upgrade.originAllowed(http, client, mount, options.publicHost())) {
      if (opens(request) && !door.admits(http, client)) {
        return;
      }
      door.refusals().originNotAllowed(http.getHeader("origin"), mount);
      options.metrics().connectionRefused(FORBIDDEN);
      status(http, FORBIDDEN);
      return;
    }
    switch (http.method().name()) {
      case "OPTIONS" -> preflight(http);
      case "GET" -> get(request);
      case "POST" -> post(request);
      default -> refuse(http, BAD_REQUEST);
    }
  }

  /** Whether it asks for a new session, as every GET does that names none. */
  private boolean opens(Request request) {
    return request.http().method().equals(HttpMethod.GET) && holder(token(request)).isEmpty();
  }

  private Optional<String> holder(Optional<LongPollToken> token) {
    return token
        .flatMap(known -> known.holder(node.snapshot().nodes()))
        .filter(holder -> !endpoint.isClosed(holder));
  }

  private static void preflight(HttpServerRequest http) {
    String asked = http.getHeader("access-control-request-headers");
    HttpServerResponse response = http.response();
    if (asked != null) {
      response.putHeader("access-control-allow-headers", asked);
    }
    var unused =
        response
            .putHeader("access-control-allow-methods", "get, post, options")
            .putHeader("access-control-max-age", "3600")
            .end();
  }

  private void get(Request request) {
    Optional<LongPollToken> token = token(request);
    Optional<String> holder = holder(token);
    if (holder.isEmpty()) {
      open(request);
      return;
    }
    var session = new Session(holder.get(), token.get().session(), token.get().secret());
    Long answer = unread.remove(session);
    if (answer != null) {
      // Its client asks for more without reading that.
      tooSlow(session, answer, Limit.MAX_QUEUED_BYTES);
      var unused = messages(request, LongPollSession.GONE, token.get(), MessageArray.NONE);
      return;
    }
    long number = ++lastRequest;
    expect(number, request, holder.get(), token.get(), Kind.POLL);
    ask(holder.get(), new SessionMessage.Poll(number, token.get().session(), token.get().secret()));
  }

  private void post(Request request) {
    Optional<LongPollToken> token = token(request);
    Optional<String> holder = holder(token);
    boolean here = holder.filter(endpoint.address()::equals).isPresent();
    if (holder.isEmpty() || (here && !sessions.has(token.get()))) {
      options.metrics().connectionRefused(LongPollSession.GONE);
      status(request.http(), LongPollSession.GONE);
    } else if (here || isSmall(request.http())) {
      gather(++lastRequest, request, holder.get(), token.get());
    } else {
      // Posting nothing is answered as if something had been, and counts as a message until the
      // body comes: under the same number.
      request.http().pause();
      long number = ++lastRequest;
      expect(number, request, holder.get(), token.get(), Kind.KNOCK);
      ask(
          holder.get(),
          new SessionMessage.Publish(
              number, token.get().session(), token.get().secret(), true, NOTHING));
    }
  }

  private static boolean isSmall(HttpServerRequest http) {
    String length = http.getHeader("content-length");
    return length != null
        && length.matches("\\d{1,9}")
        && Integer.parseInt(length) <= SMALL_BODY_BYTES;
  }

  /** Reads the body of a POST whose session is known, and puts it to the holder. */
  private void gather(long number, Request request, String holder, LongPollToken token) {
    HttpServerRequest http = request.http();
    boolean batch = BATCH.equals(http.getHeader("content-type"));
    int most = request.options().maxBodyBytes();
    bodies++;
    PostBody.read(
        http,
        most,
        budget,
        outcome -> {
          bodies--;
          switch (outcome) {
            case PostBody.Outcome.Whole(var body) -> {
              expect(number, request, holder, token, Kind.POST);
              ask(
                  holder,
                  new SessionMessage.Publish(number, token.session(), token.secret(), batch, body));
            }
            case PostBody.Outcome.TooLong() -> {
              log.debug("bad request: a body is over {} bytes", most);
              options.metrics().limitReached(Limit.MAX_POST_BYTES);
              // What else comes of it is not kept; closed now, the answer might not be read.
              refuse(http, BAD_REQUEST);
            }
            case PostBody.Outcome.Failed(NoRoomException none) -> {
              log.debug("post refused: {}", none.getMessage());
              options.metrics().limitReached(Limit.MAX_UNFINISHED_BYTES);
              refuseForNow(http);
            }
            case PostBody.Outcome.Failed(var cause) -> {
              table.failures().tell(log, "post refused: its body could not be read", cause);
              refuse(http, SERVER_ERROR);
            }
            case PostBody.Outcome.Left() -> {}
          }
        });
  }

  /** The header wins over the parameter (G-30); what is no token counts as none (G-33). */
  private static Optional<LongPollToken> token(Request request) {
    String header = request.http().getHeader(TOKEN_HEADER);
    Object text = header != null ? header : request.params().getValue("token");
    return text instanceof String given ? LongPollToken.parse(given) : Optional.empty();
  }

  /* ---- a new session */

  /** Opens a session, whose token the answer brings (G-20 to G-24). */
  private void open(Request request) {
    if (!door.admits(request.http(), request.client())) {
      return;
    }
    Optional<Serializer> serializer = Upgrade.serializer(request.params(), serializers);
    if (serializer.isEmpty()) {
      door.refusals().versionUnknown(request.params().getValue("vsn"));
      options.metrics().connectionRefused(FORBIDDEN);
      status(request.http(), FORBIDDEN);
      return;
    }
    Optional<Admission.Place> place = door.session(request.http(), request.client());
    if (place.isEmpty()) {
      return;
    }
    String authToken =
        request.mount().options().authToken() ? request.http().getHeader(AUTH_TOKEN_HEADER) : null;
    SocketOptions mount = request.mount().options();
    var protocols = Upgrade.Protocols.none(authToken);
    connects.ask(
        new Connects.Client(
            request.mount(),
            Transport.LONG_POLL,
            request.params(),
            Upgrade.connectInfo(
                request.http(),
                request.client(),
                request.params(),
                mount,
                protocols,
                options.auth().session()),
            Upgrade.originToAsk(request.http(), mount),
            Upgrade.token(request.http(), request.params(), mount, protocols)),
        new Asked(request, serializer.get(), place.get()));
  }

  /** A request for a session that waits for its socket handler. */
  private final class Asked implements Connects.Decision {

    private final Request request;
    private final Serializer serializer;
    private final Admission.Place place;

    Asked(Request request, Serializer serializer, Admission.Place place) {
      this.request = request;
      this.serializer = serializer;
      this.place = place;
    }

    @Override
    public void accepted(GatewayMessage.Connected answer, @Nullable Lease lease) {
      HttpServerResponse response = request.http().response();
      if (response.closed() || response.ended()) {
        place.giveBack();
        return;
      }
      LongPollSession session = sessions.open(request.options(), place);
      ClientSocket socket =
          table.open(
              session,
              serializer,
              Connects.client(request.mount(), Transport.LONG_POLL, answer),
              options.limits().of(request.mount().options().limits()));
      if (lease != null) {
        socket.lease(lease);
      }
      session.open(socket);
      var unused = messages(request, LongPollSession.GONE, session.token(), MessageArray.NONE);
    }

    /** Of a reason nothing can be told here (G-22); a fault of ours is HTTP's (G-60). */
    @Override
    public void refused(int status, Map<String, String> headers, String body) {
      place.giveBack();
      options.metrics().connectionRefused(status);
      if (status >= SERVER_ERROR) {
        end(request.http(), status);
      } else {
        status(request.http(), FORBIDDEN);
      }
    }
  }

  /* ---- exchanges with holders */

  private void expect(long number, Request request, String holder, LongPollToken token, Kind kind) {
    Duration limit = request.options().window().plus(HOLDER_TIMEOUT);
    exchanges.put(
        number, new Exchange(request, holder, token, kind, System.nanoTime() + limit.toNanos()));
    if (kind == Kind.POLL) {
      request.http().response().closeHandler(closed -> abandon(number));
    }
  }

  private void abandon(long number) {
    Exchange left = exchanges.remove(number);
    if (left != null) {
      ask(left.holder(), new SessionMessage.Abandon(number, left.token().session()));
    }
  }

  private void ask(String holder, SessionMessage question) {
    if (holder.equals(endpoint.address())) {
      sessions.receive(holder, question);
    } else {
      endpoint.send(holder, question);
    }
  }

  private void answer(String gateway, SessionMessage.Answer answer) {
    if (gateway.equals(endpoint.address())) {
      answered(answer);
    } else {
      endpoint.send(gateway, answer);
    }
  }

  /** Takes what another gateway verticle says of a session. */
  public void receive(String from, SessionMessage message) {
    switch (message) {
      case SessionMessage.Answer answer -> answered(answer);
      case SessionMessage.Poll question -> sessions.receive(from, question);
      case SessionMessage.Publish question -> sessions.receive(from, question);
      case SessionMessage.Abandon question -> sessions.receive(from, question);
      case SessionMessage.Delivered notice -> sessions.receive(from, notice);
    }
  }

  private void answered(SessionMessage.Answer answer) {
    Exchange exchange = exchanges.remove(answer.request());
    if (exchange == null) {
      return; // Its client has gone, which the session's holder is told.
    }
    if (answer.status() == LongPollSessions.NOT_FOUND) {
      gone(exchange);
    } else if (exchange.kind() == Kind.KNOCK && answer.status() == LongPollSession.OK) {
      gather(answer.request(), exchange.request(), exchange.holder(), exchange.token());
      exchange.request().http().resume();
    } else if (exchange.kind() == Kind.POLL) {
      handOver(exchange, answer);
    } else if (answer.status() == PublishedBody.BAD_REQUEST) {
      refuse(exchange.request().http(), BAD_REQUEST);
    } else if (answer.status() == LongPollSessions.NO_ROOM) {
      refuseForNow(exchange.request().http());
    } else {
      if (answer.status() != LongPollSession.OK) {
        options.metrics().connectionRefused(answer.status());
      }
      status(exchange.request().http(), answer.status());
    }
  }

  /** What the client does not read of it counts; the holder is told whether it got there. */
  private void handOver(Exchange exchange, SessionMessage.Answer answer) {
    LongPollToken token = exchange.token();
    var session = new Session(exchange.holder(), token.session(), token.secret());
    long number = answer.request();
    RawPayload messages = answer.messages();
    MessageBudget.Share share = queued.share();
    if (messages.size() > LARGE && !share.tryHold(messages.size())) {
      tooSlow(session, number, Limit.MAX_QUEUED_TOTAL_BYTES);
      var unused = messages(exchange.request(), LongPollSession.GONE, token, MessageArray.NONE);
      return;
    }
    try {
      Future<Void> written = messages(exchange.request(), answer.status(), token, messages);
      watch(session, answer, written.onComplete(done -> share.giveBack()));
    } catch (Throwable failure) { // Memory may have run out.
      share.giveBack();
      ask(session.holder(), new SessionMessage.Abandon(number, session.number()));
      NettyChannel.abort(exchange.request().http().connection());
      throw failure;
    }
  }

  private void watch(Session session, SessionMessage.Answer answer, Future<Void> written) {
    long number = answer.request();
    if (!written.succeeded()) {
      unread.put(session, number);
    }
    written.onComplete(
        done -> {
          unread.remove(session, number);
          if (done.failed()) {
            ask(session.holder(), new SessionMessage.Abandon(number, session.number()));
          } else if (answer.status() == LongPollSession.OK) {
            ask(session.holder(), new SessionMessage.Delivered(number, session.number()));
          }
        });
  }

  /**
   * Ends a session whose client does not read.
   *
   * @param number of the poll whose answer it does not read
   */
  private void tooSlow(Session session, long number, Limit limit) {
    log.debug("session ended: what waits for it is over {}", limit.option());
    options.metrics().slowSocketClosed();
    options.metrics().limitReached(limit);
    ask(session.holder(), new SessionMessage.Abandon(number, session.number()));
  }

  /** There is no such session (any more): a poll gets a new one, a post is told so (G-35). */
  private void gone(Exchange exchange) {
    if (exchange.kind() == Kind.POLL) {
      open(exchange.request());
    } else {
      options.metrics().connectionRefused(LongPollSession.GONE);
      status(exchange.request().http(), LongPollSession.GONE);
    }
  }

  private void gone(Predicate<Exchange> isGone) {
    var gone = new ArrayList<Exchange>();
    exchanges
        .values()
        .removeIf(
            exchange -> {
              boolean lost = isGone.test(exchange);
              if (lost) {
                gone.add(exchange);
              }
              return lost;
            });
    gone.forEach(this::gone);
  }

  /** Gives up on holders that should have answered by now, or closed as they were asked. */
  public void checkDeadlines(long now) {
    gone(exchange -> now - exchange.deadline() > 0 || endpoint.isClosed(exchange.holder()));
  }

  /**
   * Nodes are no more: the sessions that they held have ended, and what went to clients through
   * them may not have got there.
   *
   * @param isGone tells of a gateway's inbox
   */
  public void gatewaysGone(Predicate<String> isGone) {
    sessions.cutOff(isGone);
    gone(exchange -> isGone.test(exchange.holder()));
  }

  /** This gateway goes: whoever waits here for another one's session is to wait elsewhere. */
  public void sendPollsElsewhere() {
    for (var entry : Map.copyOf(exchanges).entrySet()) {
      Exchange exchange = entry.getValue();
      if (exchange.kind() == Kind.POLL) {
        abandon(entry.getKey());
        var unused =
            messages(
                exchange.request(),
                LongPollSession.NO_MESSAGES,
                exchange.token(),
                MessageArray.NONE);
      }
    }
  }

  /** Messages from or to this gateway are missing: its sessions' requests through here, too. */
  public void lost(String gateway) {
    sessions.cutOff(gateway::equals);
    gone(exchange -> exchange.holder().equals(gateway));
  }

  /** Sessions that this gateway holds. */
  public int sessionCount() {
    return sessions.count();
  }

  /** Requests that wait for the holders of their sessions. */
  public int exchangeCount() {
    return exchanges.size();
  }

  /** These, and those of whose body more is to come. */
  public int unansweredCount() {
    return exchanges.size() + bodies;
  }

  /* ---- answers */

  /** Completes when the client, or the kernel for it, has all of it. */
  private Future<Void> messages(
      Request request, int status, LongPollToken token, RawPayload messages) {
    var body =
        Buffer.buffer(64 + messages.size())
            .appendString("{\"status\":" + status + ",\"token\":\"" + token.text())
            .appendString("\",\"messages\":")
            .appendBytes(messages.bytes())
            .appendString("}");
    return json(request.http(), body);
  }

  private void status(HttpServerRequest http, int status) {
    var unused = json(http, Buffer.buffer("{\"status\":" + status + "}"));
  }

  private Future<Void> json(HttpServerRequest http, Buffer body) {
    HttpServerResponse response = http.response();
    if (response.closed() || response.ended()) {
      return Future.failedFuture("the client has gone");
    }
    response
        .putHeader("content-type", "application/json; charset=utf-8")
        .putHeader("cache-control", "no-store");
    http.resume(); // What is left of a body that is not wanted goes nowhere.
    if (connects.isDraining()) {
      response.putHeader("connection", "close");
    }
    return response.end(body);
  }

  /** There is no room for what was posted, which is counted where there is none. */
  private void refuseForNow(HttpServerRequest http) {
    var refused = Admission.Refused.of(Limit.MAX_UNFINISHED_BYTES);
    options.metrics().connectionRefused(refused.status());
    Door.answer(http, refused);
  }

  private void refuse(HttpServerRequest http, int status) {
    options.metrics().connectionRefused(status);
    end(http, status);
  }

  private static void end(HttpServerRequest http, int status) {
    HttpServerResponse response = http.response();
    if (!response.closed() && !response.ended()) {
      var unused = response.setStatusCode(status).end();
    }
  }
}
