package dev.roost.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.RawPayload;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PresenceStateTest {

  private static final int HISTORIES = 100_000;

  private final PresenceState state = new PresenceState();

  private static Meta meta(long tracker, String ref) {
    return new Meta("host", tracker, ref, RawPayload.jsonText("{\"phx_ref\":\"" + ref + "\"}"));
  }

  private static String text(RawPayload payload) {
    return new String(payload.bytes(), StandardCharsets.UTF_8);
  }

  private List<String> diffs() {
    return state.takeDiffs().stream().map(diff -> text(diff.payload())).toList();
  }

  /* ---- any history */

  @Test
  void everyClientEndsWithTheListAfterAnyHistory() {
    for (long seed = 0; seed < HISTORIES; seed++) {
      PresenceHistory history = new PresenceHistory(seed).play();
      var expected = ClientPresence.list(history.state().list());
      for (List<PresenceHistory.Received> received : history.clients()) {
        var client = new ClientPresence();
        for (PresenceHistory.Received message : received) {
          switch (message) {
            case PresenceHistory.Received.State(var payload) -> client.state(payload);
            case PresenceHistory.Received.Diff(var payload) -> client.diff(payload);
            case PresenceHistory.Received.Rejoin() -> client.rejoin();
          }
        }
        long which = seed;
        assertEquals(expected, client.list(), () -> "history " + which);
      }
    }
  }

  @Test
  void sizeAndBytesAreThoseOfWhatIsThereAfterAnyHistory() {
    for (long seed = 0; seed < 1_000; seed++) {
      PresenceState played = new PresenceHistory(seed).play().state();
      var present = ClientPresence.list(played.list());
      assertEquals(present.values().stream().mapToInt(java.util.Map::size).sum(), played.size());
      played.removeIf(meta -> true);
      assertTrue(played.isEmpty());
      assertEquals(0, played.bytes());
      assertEquals("{}", text(played.list()));
    }
  }

  /* ---- on the wire */

  @Test
  void aListHasForEachKeyItsMetasInOrderOfTracking() {
    state.put("ada", meta(2, "a"));
    state.put("bob", meta(1, "b"));
    state.put("ada", meta(1, "c"));
    assertEquals(
        "{\"ada\":{\"metas\":[{\"phx_ref\":\"a\"},{\"phx_ref\":\"c\"}]},"
            + "\"bob\":{\"metas\":[{\"phx_ref\":\"b\"}]}}",
        text(state.list()));
    assertEquals(
        Optional.of("{\"metas\":[{\"phx_ref\":\"b\"}]}"),
        state.get("bob").map(PresenceStateTest::text));
    assertEquals(Optional.empty(), state.get("cleo"));
  }

  @Test
  void aDiffHasJoinsAndLeavesEvenIfThereAreNone() {
    state.put("ada", meta(1, "a"));
    assertEquals(
        List.of("{\"joins\":{\"ada\":{\"metas\":[{\"phx_ref\":\"a\"}]}},\"leaves\":{}}"), diffs());
    state.remove("host", 1, "ada");
    assertEquals(
        List.of("{\"joins\":{},\"leaves\":{\"ada\":{\"metas\":[{\"phx_ref\":\"a\"}]}}}"), diffs());
    assertEquals(List.of(), diffs());
  }

  @Test
  void anUpdateIsALeaveAndAJoinInItsPlace() {
    state.put("ada", meta(1, "a"));
    state.put("ada", meta(2, "b"));
    diffs();
    state.put("ada", meta(1, "c"));
    assertEquals(
        List.of(
            "{\"joins\":{\"ada\":{\"metas\":[{\"phx_ref\":\"c\"}]}},"
                + "\"leaves\":{\"ada\":{\"metas\":[{\"phx_ref\":\"a\"}]}}}"),
        diffs());
    assertEquals(
        "{\"ada\":{\"metas\":[{\"phx_ref\":\"c\"},{\"phx_ref\":\"b\"}]}}", text(state.list()));
  }

  @Test
  void whatComesAndGoesWithinAWindowIsNotToldOf() {
    state.put("ada", meta(1, "a"));
    state.put("ada", meta(1, "b"));
    state.remove("host", 1, "ada");
    assertFalse(state.hasChanges());
    assertEquals(List.of(), diffs());
  }

  @Test
  void whatAListHasShownIsToldToHaveLeft() {
    state.put("ada", meta(1, "a"));
    state.list();
    state.remove("host", 1, "ada");
    assertEquals(
        List.of("{\"joins\":{},\"leaves\":{\"ada\":{\"metas\":[{\"phx_ref\":\"a\"}]}}}"), diffs());
  }

  @Test
  void whatAListHasShownToBeGoneComesBackInADiffOfItsOwn() {
    state.put("ada", meta(1, "a"));
    diffs();
    state.remove("host", 1, "ada");
    state.list();
    state.put("ada", meta(1, "a"));
    assertEquals(
        List.of(
            "{\"joins\":{},\"leaves\":{\"ada\":{\"metas\":[{\"phx_ref\":\"a\"}]}}}",
            "{\"joins\":{\"ada\":{\"metas\":[{\"phx_ref\":\"a\"}]}},\"leaves\":{}}"),
        diffs());
  }

  @Test
  void aVersionThatIsToldAgainChangesNothing() {
    state.put("ada", meta(1, "a"));
    diffs();
    RawPayload before = state.list();
    state.put("ada", meta(1, "a"));
    assertFalse(state.hasChanges());
    assertSame(before, state.list());
  }

  @Test
  void aListIsWrittenOnceForAllWhoAskForTheSameState() {
    state.put("ada", meta(1, "a"));
    assertSame(state.list(), state.list());
    state.put("bob", meta(2, "b"));
    assertFalse(state.isEncoded());
  }

  @Test
  void aLargeChangeIsToldInSeveralDiffs() {
    String padding = "x".repeat(1_000);
    for (int i = 0; i < 3_000; i++) {
      var json = RawPayload.jsonText("{\"p\":\"" + padding + "\",\"phx_ref\":\"" + i + "\"}");
      state.put("key" + i, new Meta("host", i, "" + i, json));
    }
    List<PresenceState.Diff> diffs = state.takeDiffs();
    assertTrue(diffs.size() > 1);
    int told = diffs.stream().mapToInt(diff -> ClientPresence.list(diff.joins()).size()).sum();
    assertEquals(3_000, told);
    diffs.forEach(diff -> assertTrue(diff.payload().size() < 2 << 20));
  }
}
