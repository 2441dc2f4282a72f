package dev.roost.gateway.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.gateway.Limit;
import dev.roost.gateway.edge.TrustedProxies;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlacesTest {

  private static final long SECOND = 1_000_000_000L;
  private static final ConnectionLimits LIMITS = new ConnectionLimits(5, 3, 50, 10);
  private static final InetAddress ANN = address("192.0.2.1");
  private static final InetAddress BOB = address("192.0.2.2");

  private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 10); // it may wrap around
  private final Places places = new Places(clock::get);

  private static InetAddress address(String text) {
    return Objects.requireNonNull(TrustedProxies.address(text));
  }

  private Admission.Place take(InetAddress client) {
    return assertInstanceOf(Admission.Place.class, places.take(LIMITS, client));
  }

  private static void assertRefused(Limit limit, int status, Admission admission) {
    var refused = assertInstanceOf(Admission.Refused.class, admission);
    assertEquals(limit, refused.limit());
    assertEquals(status, refused.status());
    assertTrue(refused.retryAfter() > 0);
  }

  @Test
  void anAddressHasSoManyPlacesAndNoMore() {
    List<Admission.Place> taken = IntStream.range(0, 3).mapToObj(i -> take(ANN)).toList();
    assertRefused(Limit.MAX_CONNECTIONS_PER_ADDRESS, 429, places.take(LIMITS, ANN));
    assertEquals(3, places.taken());
    take(BOB).giveBack();

    taken.get(0).giveBack();
    taken.get(0).giveBack(); // the first counts
    assertEquals(2, places.taken());
    take(ANN);
    assertRefused(Limit.MAX_CONNECTIONS_PER_ADDRESS, 429, places.take(LIMITS, ANN));
  }

  @Test
  void theProcessHasSoManyPlacesAndNoMore() {
    IntStream.range(0, 3).forEach(i -> take(ANN));
    take(BOB);
    Admission.Place last = take(BOB);
    assertRefused(Limit.MAX_CONNECTIONS, 503, places.take(LIMITS, BOB));
    assertRefused(Limit.MAX_CONNECTIONS, 503, places.take(LIMITS, null));
    last.giveBack();
    assertInstanceOf(Admission.Place.class, places.take(LIMITS, null));
    assertRefused(Limit.MAX_CONNECTIONS, 503, places.take(LIMITS, null));
  }

  @Test
  void whoIsBehindAProxyCountsForHimself() {
    Admission.Place first =
        assertInstanceOf(Admission.Place.class, places.takeBehindProxy(LIMITS, ANN));
    places.takeBehindProxy(LIMITS, ANN);
    places.takeBehindProxy(LIMITS, ANN);
    assertRefused(Limit.MAX_CONNECTIONS_PER_ADDRESS, 429, places.takeBehindProxy(LIMITS, ANN));
    assertEquals(0, places.taken()); // the proxy's connections are
    first.giveBack();
    assertInstanceOf(Admission.Place.class, places.takeBehindProxy(LIMITS, ANN));
  }

  @ParameterizedTest
  @CsvSource({
    "2001:db8:0:1::1, 2001:db8:0:1:ffff::2, true",
    "2001:db8:0:1::1, 2001:db8:0:2::1,      false",
    "::ffff:192.0.2.1, 192.0.2.1,           true",
    "192.0.2.1,       192.0.2.2,            false",
    "::1,             0.0.0.1,              false",
  })
  void anIpv6ClientIsItsNetwork(String one, String other, boolean same) {
    IntStream.range(0, 3).forEach(i -> take(address(one)));
    Admission admission = places.take(LIMITS, address(other));
    if (same) {
      assertRefused(Limit.MAX_CONNECTIONS_PER_ADDRESS, 429, admission);
    } else {
      assertInstanceOf(Admission.Place.class, admission);
    }
  }

  private int handshakes(InetAddress client, int tries) {
    return (int)
        IntStream.range(0, tries).filter(i -> places.handshake(LIMITS, client).isEmpty()).count();
  }

  @Test
  void anAddressHasItsRateAndTwoSecondsWorthAtOnce() {
    assertEquals(20, handshakes(ANN, 100));
    assertRefused(
        Limit.HANDSHAKES_PER_SECOND_PER_ADDRESS, 429, places.handshake(LIMITS, ANN).orElseThrow());
    assertEquals(20, handshakes(BOB, 100));
    clock.addAndGet(SECOND);
    assertEquals(10, handshakes(ANN, 100));
    clock.addAndGet(100 * SECOND);
    assertEquals(20, handshakes(ANN, 100));
  }

  @Test
  void theProcessHasItsRate() {
    int granted = IntStream.range(0, 20).map(i -> handshakes(address("192.0.2." + i), 20)).sum();
    assertEquals(100, granted);
    assertRefused(
        Limit.HANDSHAKES_PER_SECOND, 503, places.handshake(LIMITS, address("::1")).orElseThrow());
    clock.addAndGet(SECOND);
    assertEquals(10, handshakes(address("2001:db8::1"), 10));
  }

  @Test
  void nothingIsKeptOfAddressesThatHaveGone() {
    for (int i = 0; i < 200; i++) {
      InetAddress client = address("2001:db8:0:" + Integer.toHexString(i) + "::1");
      places.handshake(LIMITS.withHandshakesPerSecond(1_000), client);
      Admission.Place place = take(client);
      if (i % 2 == 0) {
        place.giveBack();
        places.handshake(LIMITS.withHandshakesPerSecond(1_000), client);
      } else {
        places.handshake(LIMITS.withHandshakesPerSecond(1_000), client);
        place.giveBack();
      }
    }
    places.forgetThoseThatLeft();
    assertEquals(200, places.addresses()); // their rates are still known
    clock.addAndGet(SECOND / 10);
    places.handshake(LIMITS, address("2001:db8::1"));
    clock.addAndGet(SECOND / 10);
    places.forgetThoseThatLeft();
    assertNotEquals(0, places.addresses()); // one has asked again meanwhile
    clock.addAndGet(2 * SECOND);
    places.forgetThoseThatLeft();
    assertEquals(0, places.addresses());
    assertEquals(0, places.taken());
  }

  @Test
  void whoeverTakesAndGivesAtOnceTheCountIsExact() throws Exception {
    var limits = new ConnectionLimits(1_000, 100, 1_000_000, 1_000_000);
    try (var threads = Executors.newFixedThreadPool(4)) {
      var all = new ArrayList<Future<?>>();
      for (int thread = 0; thread < 4; thread++) {
        int seed = thread;
        all.add(
            threads.submit(
                () -> {
                  for (int i = 0; i < 50_000; i++) {
                    var client = address("192.0.2." + (i * 7 + seed) % 8);
                    places.handshake(limits, client);
                    if (places.take(limits, client) instanceof Admission.Place place) {
                      place.giveBack();
                    }
                    if (i % 100 == 0) {
                      places.forgetThoseThatLeft();
                    }
                  }
                }));
      }
      for (Future<?> each : all) {
        each.get();
      }
    }
    assertEquals(0, places.taken());
    clock.addAndGet(10 * SECOND);
    places.forgetThoseThatLeft();
    assertEquals(0, places.addresses());
  }

  @Test
  void aLimitIsOneOrMore() {
    var wrong =
        assertThrows(
            IllegalArgumentException.class,
            () -> ConnectionLimits.defaults().withMaxConnections(0));
    assertEquals("maxConnections is 1 or more, got 0", wrong.getMessage());
  }
}
