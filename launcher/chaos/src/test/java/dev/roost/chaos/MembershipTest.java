package dev.roost.chaos;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class MembershipTest {

  private static final int BOB = 2;
  private static final int EVE = 3;

  private final Membership ada = new Membership(new Member("room:1", 1), 0);

  /** Served by its own side of a split, it is not served by everybody. */
  @Test
  void isServedByThoseOnlyWhoseNewMessagesCame() {
    ada.joined(0);
    ada.received(BOB, 1, 100);
    ada.received(EVE, 1, 10);

    assertTrue(ada.isServedSince(50));
    assertTrue(ada.isServedSince(50, BOB));
    assertFalse(ada.isServedSince(50, EVE));
  }

  @Test
  void whatCameBeforeASignalCountsNoMore() {
    ada.joined(0);
    ada.received(BOB, 1, 100);
    ada.signalled(Entry.Kind.PHX_ERROR, Timing.defaults());
    assertFalse(ada.isServedSince(50, BOB));
    ada.joined(0);

    assertFalse(ada.isServedSince(50));
    assertFalse(ada.isServedSince(50, BOB));
  }
}
