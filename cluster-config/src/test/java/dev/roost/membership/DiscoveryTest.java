package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.cluster.Address;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where members are looked for, and in which order. */
class DiscoveryTest {

  private static final Address SEED = address(1);

  private final AtomicLong clock = new AtomicLong(-5);
  private Discovery discovery;

  @BeforeEach
  void seeded() {
    ClusterOptions options = ClusterOptions.defaults().withSeeds(List.of("127.0.0.1:1"));
    discovery = new Discovery(options, InetAddress.getLoopbackAddress(), clock::get);
  }

  private static Address address(int port) {
    return new Address(InetAddress.getLoopbackAddress(), port);
  }

  @Test
  void whoIsHereIsNotLookedFor() {
    discovery.joined(address(2));
    assertEquals(List.of(SEED), discovery.places());
  }

  @Test
  void whoWentComesBeforeTheSeedsTheLastFirst() {
    for (int port = 2; port < 8; port++) {
      discovery.left(address(port));
    }
    assertEquals(
        List.of(address(7), address(6), address(5), address(4), address(3), address(2), SEED),
        discovery.places());
  }

  @Test
  void whoGoesAgainIsTheLastToHaveGone() {
    discovery.left(address(2));
    discovery.left(address(3));
    discovery.left(address(2));
    assertEquals(List.of(address(2), address(3), SEED), discovery.places());
  }

  @Test
  void whoIsBackIsNotLookedForAnyMore() {
    discovery.left(address(2));
    discovery.left(address(3));
    discovery.joined(address(2));
    assertEquals(List.of(address(3), SEED), discovery.places());
  }

  @Test
  void aSeedThatWentIsTriedOnce() {
    discovery.left(SEED);
    discovery.left(address(2));
    assertEquals(List.of(address(2), SEED), discovery.places());
  }

  @Test
  void whoIsGoneForADayIsForgotten() {
    discovery.left(address(2));
    clock.addAndGet(TimeUnit.DAYS.toNanos(1));
    discovery.left(address(3));
    assertTrue(discovery.places().contains(address(2)));
    clock.addAndGet(1);
    assertEquals(List.of(address(3), SEED), discovery.places());
  }

  @Test
  void ofManyTheLatestAreLookedFor() {
    for (int i = 0; i <= Discovery.MOST_GONE; i++) {
      discovery.left(address(2 + i));
    }
    assertEquals(Discovery.MOST_GONE + 1, discovery.places().size());
    assertFalse(discovery.places().contains(address(2)));
    assertTrue(discovery.places().contains(address(3)));
  }

  @Test
  void whoIsApartIsLookedForWhereSomebodyListens() throws Exception {
    try (var one = listening();
        var here = listening();
        var other = listening()) {
      discovery.left(address(one.getLocalPort()));
      discovery.left(address(here.getLocalPort()));
      discovery.left(address(2)); // Where nobody is.
      discovery.left(address(other.getLocalPort()));
      assertEquals(
          List.of(address(other.getLocalPort()), address(one.getLocalPort())),
          discovery.listening(Set.of(address(here.getLocalPort()))));
      assertEquals(5, discovery.places().size());
    }
  }

  private static ServerSocket listening() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  @Test
  void whoListensForLongAndIsNoMemberIsToldOfOnce() {
    assertEquals(List.of(), discovery.strangers(List.of(SEED)));
    clock.addAndGet(Discovery.STRANGE - 1);
    assertEquals(List.of(), discovery.strangers(List.of(SEED, address(2))));
    clock.addAndGet(1);
    assertEquals(List.of(SEED), discovery.strangers(List.of(SEED, address(2))));
    clock.addAndGet(Discovery.STRANGE);
    assertEquals(List.of(address(2)), discovery.strangers(List.of(SEED, address(2))));
  }

  @Test
  void whoJoinsInTimeIsNotToldOfAndIsAwaitedAnewWhenItComesBack() {
    assertEquals(List.of(), discovery.strangers(List.of(SEED)));
    clock.addAndGet(Discovery.STRANGE - 1);
    assertEquals(List.of(), discovery.strangers(List.of()));
    clock.addAndGet(Discovery.STRANGE);
    assertEquals(List.of(), discovery.strangers(List.of(SEED)));
    clock.addAndGet(Discovery.STRANGE);
    assertEquals(List.of(SEED), discovery.strangers(List.of(SEED)));
  }
}
