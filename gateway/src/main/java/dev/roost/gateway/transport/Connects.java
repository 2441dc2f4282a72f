package dev.roost.gateway.transport;

import dev.roost.bus.BusEndpoint;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.cluster.Applications;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayOptions;
import dev.roost.gateway.Limit;
import dev.roost.gateway.auth.TokenGate;
import dev.roost.gateway.auth.Verdict;
import dev.roost.gateway.socket.Lease;
import dev.roost.routing.JwtCheck;
import dev.roost.routing.Transport;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests of all transports that wait until their tokens or a socket handler have decided on them.
 * Used on the gateway's context only.
 */
public final class Connects {

  private static final Logger log = LoggerFactory.getLogger(Connects.class);
  private static final int FORBIDDEN = 403;
  private static final int UNAVAILABLE = 503;
  private static final long NO_REQUEST = 0;
  private static final String DEFAULT_VSN = "1.0.0";

  private final ClusterNode node;
  private final BusEndpoint endpoint;
  private final GatewayOptions options;
  private final TokenGate gate;
  private final Map<Long, Pending> pending = new LinkedHashMap<>();
  private long lastRequest;
  private int turn;
  private boolean draining;

  /**
   * A client that wants to connect, as its transport understood it.
   *
   * @param params decoded query string and path variables, {@code vsn} included
   * @param info the connect info
   * @param origin the request's, if the socket handler is to decide on it
   * @param token where the mount has its clients' tokens, null if there is none
   */
  record Client(
      Applications.Mount mount,
      Transport transport,
      JsonObject params,
      JsonObject info,
      @Nullable String origin,
      @Nullable String token) {}

  /** What becomes of a request; exactly one of its methods is called, once. */
  interface Decision {

    /**
     * The client may come in.
     *
     * @param lease how long it may stay, null for no such time
     */
    void accepted(GatewayMessage.Connected answer, @Nullable Lease lease);

    /** Also where nobody decides in time: then the status is 503. */
    void refused(int status, Map<String, String> headers, String body);
  }

  /** A request that waits for its socket handler. */
  private record Pending(
      Applications.Mount mount,
      String inbox,
      HostMessage.Connect connect,
      @Nullable Lease lease,
      long since,
      Decision decision) {

    Pending at(String other) {
      return new Pending(mount, other, connect, lease, since, decision);
    }
  }

  public Connects(ClusterNode node, BusEndpoint endpoint, TokenGate gate, GatewayOptions options) {
    this.node = node;
    this.endpoint = endpoint;
    this.gate = gate;
    this.options = options;
  }

  /**
   * Lets the client's token decide, a host of the mount's application, or first one and then the
   * other.
   */
  void ask(Client client, Decision decision) {
    JwtCheck check = client.mount().options().jwt();
    if (check == null) {
      askHandler(client, null, decision);
    } else if (draining || isFull()) {
      refuse(decision);
    } else {
      gate.verify(check, client.token(), verdict -> verified(client, check, verdict, decision));
    }
  }

  private void verified(Client client, JwtCheck check, Verdict verdict, Decision decision) {
    switch (verdict) {
      case Verdict.Good(var identity, var claims) -> {
        Lease lease = Lease.of(check, gate, identity, options.limits().tokenRenewalsPerSecond());
        if (draining) {
          refuse(decision);
        } else if (check.askHandler()) {
          client.info().put("claims", new JsonObject(claims));
          askHandler(client, lease, decision);
        } else {
          decision.accepted(
              new GatewayMessage.Connected(NO_REQUEST, identity.id(), identity.assigns(), 0),
              lease);
        }
      }
      case Verdict.Bad(var reason) -> {
        log.debug("connection to {} refused: {}", client.mount().path(), reason);
        decision.refused(FORBIDDEN, Map.of(), "");
      }
      case Verdict.Unknown(var reason) -> refuse(decision);
    }
  }

  /** Whether one more would have to wait for too many; counted if so. */
  private boolean isFull() {
    boolean full = pending.size() + gate.inFlight() >= options.maxPendingConnects();
    if (full) {
      options.metrics().limitReached(Limit.MAX_PENDING_CONNECTS);
    }
    return full;
  }

  /** Asks a host of the mount's application. */
  private void askHandler(Client client, @Nullable Lease lease, Decision decision) {
    Applications.Mount mount = client.mount();
    Optional<String> inbox = anyInbox(mount);
    if (inbox.isEmpty() || draining || isFull()) {
      refuse(decision);
      return;
    }
    long number = ++lastRequest;
    var connect =
        new HostMessage.Connect(
            number,
            mount.application(),
            mount.path(),
            client.transport().wireName(),
            client.params().getString("vsn", DEFAULT_VSN),
            payload(client.params()),
            payload(client.info()),
            client.origin());
    pending.put(
        number, new Pending(mount, inbox.get(), connect, lease, System.nanoTime(), decision));
    endpoint.send(inbox.get(), connect);
  }

  /** A host of the application that decides on the mount's connections, each in its turn. */
  private Optional<String> anyInbox(Applications.Mount mount) {
    turn = (turn + 1) & Integer.MAX_VALUE;
    return node.snapshot().anyHost(mount.application(), turn);
  }

  /** What is known of a client whose connection was accepted. */
  static ClientInfo client(
      Applications.Mount mount, Transport transport, GatewayMessage.Connected answer) {
    // Most have no assigns: those share one value.
    RawPayload assigns =
        answer.assigns().equals(RawPayload.EMPTY_OBJECT)
            ? RawPayload.EMPTY_OBJECT
            : answer.assigns();
    return new ClientInfo(mount.path(), transport.wireName(), answer.id(), assigns);
  }

  private static RawPayload payload(JsonObject object) {
    return object.isEmpty()
        ? RawPayload.EMPTY_OBJECT
        : RawPayload.json(object.toBuffer().getBytes());
  }

  private static void refuse(Decision decision) {
    decision.refused(UNAVAILABLE, Map.of(), "");
  }

  /**
   * Those that wait for hosts which may never have got them, or can never answer, are put to a host
   * that lives; whichever answer comes first counts.
   *
   * @param isLost tells of a host's inbox
   */
  public void askAgain(Predicate<String> isLost) {
    for (var waiting : List.copyOf(pending.entrySet())) {
      Pending waited = waiting.getValue();
      if (isLost.test(waited.inbox())) {
        Optional<String> other = anyInbox(waited.mount());
        if (other.isPresent()) {
          pending.put(waiting.getKey(), waited.at(other.get()));
          endpoint.send(other.get(), waited.connect());
        } else {
          pending.remove(waiting.getKey());
          refuse(waited.decision());
        }
      }
    }
  }

  /** The socket handler accepted. */
  public void connected(GatewayMessage.Connected answer) {
    Pending waited = pending.remove(answer.request());
    if (waited != null) {
      Lease lease = waited.lease();
      if (answer.until() != 0) {
        lease = (lease == null ? Lease.unlimited() : lease).limit(answer.until());
      }
      waited.decision().accepted(answer, lease);
    }
  }

  /** The socket handler refused, or failed. */
  public void refused(GatewayMessage.ConnectRefused answer) {
    Pending waited = pending.remove(answer.request());
    if (waited != null) {
      waited.decision().refused(answer.status(), answer.headers(), answer.body());
    }
  }

  /** Gives up on socket handlers that have taken too long. */
  public void checkDeadlines(long now) {
    var late = new ArrayList<Pending>();
    Iterator<Pending> oldestFirst = pending.values().iterator();
    while (oldestFirst.hasNext()) {
      Pending waited = oldestFirst.next();
      if (now - waited.since() < options.connectTimeout().toNanos()) {
        break;
      }
      oldestFirst.remove();
      late.add(waited);
    }
    if (late.isEmpty()) {
      return;
    }
    // One line: there may be thousands.
    log.error(
        "{} connections refused: the socket handler of {} did not answer within {}",
        late.size(),
        late.stream().map(waited -> waited.mount().path()).distinct().toList(),
        options.connectTimeout());
    for (Pending waited : late) {
      options.metrics().limitReached(Limit.CONNECT_TIMEOUT);
      refuse(waited.decision());
    }
  }

  /** From now on every connection is refused with 503, those that wait included. */
  public void drain() {
    draining = true;
    List<Pending> all = List.copyOf(pending.values());
    pending.clear();
    all.forEach(waited -> refuse(waited.decision()));
  }

  boolean isDraining() {
    return draining;
  }
}
