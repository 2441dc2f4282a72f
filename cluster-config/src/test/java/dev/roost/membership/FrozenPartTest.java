package dev.roost.membership;

import static com.hazelcast.cluster.ClusterState.ACTIVE;
import static com.hazelcast.cluster.ClusterState.FROZEN;
import static com.hazelcast.cluster.ClusterState.IN_TRANSITION;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.hazelcast.cluster.ClusterState;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class FrozenPartTest {

  private static final UUID self = new UUID(0, 1);
  private static final UUID older = new UUID(0, 2);

  private final FrozenPart part = new FrozenPart();
  private long now = System.nanoTime();

  /** The second in which it is found stranded, of as many with this state; 0 if in none. */
  private int stranded(int seconds, ClusterState state, UUID oldest) {
    for (int second = 1; second <= seconds; second++) {
      now += 1_000_000_000L;
      if (part.isStranded(state, self, oldest, now)) {
        return second;
      }
    }
    return 0;
  }

  @Test
  void onceItsFreezerIsGoneTheNextOldestSetsItFree() {
    assertEquals(0, stranded(10, ACTIVE, older));
    assertEquals(0, stranded(3, FROZEN, older));
    assertEquals(3, stranded(60, FROZEN, self), "six seconds after the last that were not frozen");
  }

  @Test
  void aFreezerThatWasNeverSeenFrozenIsRemembered() {
    assertEquals(0, stranded(10, ACTIVE, older));
    assertEquals(6, stranded(60, FROZEN, self));
  }

  @Test
  void whoseFreezerIsThereIsLeftToIt() {
    assertEquals(0, stranded(10, ACTIVE, older));
    assertEquals(0, stranded(1000, FROZEN, older));
  }

  @Test
  void theFreezerItselfHasTimeToJoinTheOthers() {
    assertEquals(0, stranded(10, ACTIVE, self));
    assertEquals(61, stranded(100, FROZEN, self));
  }

  @Test
  void whatIsNotFrozenOrAboutToChangeIsLeftAlone() {
    assertEquals(0, stranded(10, ACTIVE, older));
    assertEquals(0, stranded(100, IN_TRANSITION, self));
    assertEquals(0, stranded(100, ACTIVE, self));
  }

  @Test
  void itStaysStrandedUntilItIsFree() {
    assertEquals(0, stranded(10, ACTIVE, older));
    assertEquals(6, stranded(60, FROZEN, self));
    assertEquals(1, stranded(1, FROZEN, self));
    assertEquals(0, stranded(1, ACTIVE, self));
    assertEquals(0, stranded(60, FROZEN, self), "now it is this node's own doing");
  }
}
