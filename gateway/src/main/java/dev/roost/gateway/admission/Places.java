package dev.roost.gateway.admission;

import dev.roost.gateway.Limit;
import dev.roost.routing.RateLimit;
import io.vertx.core.Vertx;
import io.vertx.core.shareddata.Shareable;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The places that are taken in this process, in all and for each client address. One for each
 * Vert.x, which all its gateways share. Safe for any thread.
 */
public final class Places implements Shareable {

  /*
   * An address is a long: the first 64 bits of one of IPv6; one of IPv4 stands at 0:1::/32, which
   * nobody is given. What is kept of an address goes when it has no place and its rate has forgotten
   * it: who leaves is looked at again once, some seconds later, so no sweep passes over them all.
   */
  private static final String NAME = "dev.roost.gateway.places";
  private static final long IPV4 = 1L << 32;

  private final LongSupplier clock;
  private final AtomicInteger taken = new AtomicInteger();
  private final AtomicLong handshakes;
  private final ConcurrentHashMap<Long, Tally> addresses = new ConcurrentHashMap<>();
  private final Queue<Leaving> leaving = new ConcurrentLinkedQueue<>();

  /** What is counted of one address; changed inside {@link ConcurrentHashMap#compute} only. */
  private static final class Tally {
    private final RateLimit handshakes;
    private int taken;
    private boolean leaves;

    Tally(long now) {
      handshakes = new RateLimit(now);
    }
  }

  /** An address to be looked at again. */
  private record Leaving(Long address, long when) {}

  /**
   * Nothing taken.
   *
   * @param clock nanoseconds, as {@link System#nanoTime}
   */
  Places(LongSupplier clock) {
    this.clock = clock;
    this.handshakes = new AtomicLong(clock.getAsLong());
  }

  /** Those of this Vert.x. */
  public static Places of(Vertx vertx) {
    return vertx
        .sharedData()
        .<String, Places>getLocalMap(NAME)
        .computeIfAbsent(NAME, ignored -> new Places(System::nanoTime));
  }

  /** A place for a connection or a session, in all and for its address. */
  public Admission take(ConnectionLimits limits, @Nullable InetAddress client) {
    if (taken.incrementAndGet() > limits.maxConnections()) {
      taken.decrementAndGet();
      return Admission.Refused.of(Limit.MAX_CONNECTIONS);
    }
    if (client == null) {
      return new Admission.Place(taken::decrementAndGet);
    }
    Long address = key(client);
    if (!takeOf(address, limits.maxConnectionsPerAddress())) {
      taken.decrementAndGet();
      return Admission.Refused.of(Limit.MAX_CONNECTIONS_PER_ADDRESS);
    }
    return new Admission.Place(
        () -> {
          taken.decrementAndGet();
          giveBack(address);
        });
  }

  /** A place for its address alone, for a client whose connection is a proxy's. */
  public Admission takeBehindProxy(ConnectionLimits limits, @Nullable InetAddress client) {
    if (client == null) {
      return new Admission.Place(() -> {});
    }
    Long address = key(client);
    return takeOf(address, limits.maxConnectionsPerAddress())
        ? new Admission.Place(() -> giveBack(address))
        : Admission.Refused.of(Limit.MAX_CONNECTIONS_PER_ADDRESS);
  }

  private boolean takeOf(Long address, int most) {
    var granted = new boolean[1];
    addresses.compute(
        address,
        (key, known) -> {
          Tally tally = known == null ? new Tally(clock.getAsLong()) : known;
          granted[0] = tally.taken < most;
          if (granted[0]) {
            tally.taken++;
          }
          return tally;
        });
    return granted[0];
  }

  private void giveBack(Long address) {
    addresses.computeIfPresent(
        address,
        (key, tally) -> {
          tally.taken--;
          return forget(key, tally);
        });
  }

  /** Null if nothing is left to know of the address; else it is looked at again if it may go. */
  private @Nullable Tally forget(Long address, Tally tally) {
    if (tally.taken > 0) {
      return tally;
    }
    if (tally.handshakes.full() - clock.getAsLong() <= 0) {
      return null;
    }
    if (!tally.leaves) {
      tally.leaves = true;
      leaving.add(new Leaving(address, tally.handshakes.full()));
    }
    return tally;
  }

  /** Whether a socket may be asked for now; empty if it may. Counts the request if so. */
  public Optional<Admission.Refused> handshake(
      ConnectionLimits limits, @Nullable InetAddress client) {
    long now = clock.getAsLong();
    if (client != null && !handshakeOf(key(client), limits, now)) {
      return Optional.of(Admission.Refused.of(Limit.HANDSHAKES_PER_SECOND_PER_ADDRESS));
    }
    return RateLimit.tryTake(handshakes, limits.handshakesPerSecond(), now)
        ? Optional.empty()
        : Optional.of(Admission.Refused.of(Limit.HANDSHAKES_PER_SECOND));
  }

  private boolean handshakeOf(Long address, ConnectionLimits limits, long now) {
    var granted = new boolean[1];
    addresses.compute(
        address,
        (key, known) -> {
          Tally tally = known == null ? new Tally(clock.getAsLong()) : known;
          granted[0] = tally.handshakes.tryTake(limits.handshakesPerSecondPerAddress(), now);
          return forget(key, tally);
        });
    return granted[0];
  }

  /** Forgets addresses that have gone; each gateway calls this now and then. */
  public void forgetThoseThatLeft() {
    long now = clock.getAsLong();
    Leaving next = leaving.peek();
    while (next != null && next.when() - now <= 0 && leaving.remove(next)) {
      addresses.computeIfPresent(
          next.address(),
          (key, tally) -> {
            tally.leaves = false;
            return forget(key, tally);
          });
      next = leaving.peek();
    }
  }

  /** Connections and sessions that have a place. */
  public int taken() {
    return taken.get();
  }

  /** Addresses of which something is known. */
  public int addresses() {
    return addresses.size();
  }

  private static Long key(InetAddress client) {
    byte[] octets = client.getAddress();
    return octets.length == 4
        ? IPV4 | Integer.toUnsignedLong(ByteBuffer.wrap(octets).getInt())
        : ByteBuffer.wrap(octets).getLong();
  }
}
