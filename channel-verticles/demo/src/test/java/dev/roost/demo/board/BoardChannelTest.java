package dev.roost.demo.board;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.roost.testkit.ChannelKit;
import dev.roost.testkit.Received;
import dev.roost.testkit.TestChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class BoardChannelTest {

  private static final Map<String, Object> NOTHING = Map.of();

  @AutoClose private final ChannelKit board = ChannelKit.of(new Board().application());

  private TestChannel join(String hand) {
    return board.join("board:lobby", Map.of("hand", hand));
  }

  private static Map<String, Object> stroke(String id, Integer... points) {
    return Map.of("id", id, "ink", 1, "points", List.of(points));
  }

  private static Map<String, Object> picture(List<Map<String, Object>> strokes) {
    return Map.of("strokes", strokes);
  }

  @Test
  void everybodySeesAStrokeItsOwnHandIncluded() {
    var ada = join("ada");
    var bob = join("bob");

    ada.push("stroke", stroke("ada-1", 10, 20, 30, 40));

    ada.assertBroadcast("stroke", stroke("ada-1", 10, 20, 30, 40));
    bob.assertBroadcast("stroke", stroke("ada-1", 10, 20, 30, 40));
  }

  @Test
  void onlyOthersSeeAHandMove() {
    var ada = join("ada");
    var bob = join("bob");

    ada.push("cursor", Map.of("name", "Ada", "x", 5, "y", 6));

    bob.assertBroadcast("cursor", Map.of("hand", "ada", "name", "Ada", "x", 5, "y", 6));
    ada.refuteBroadcast("cursor");
  }

  @Test
  void aHandCannotMoveAnother() {
    var ada = join("ada");
    var bob = join("bob");

    ada.push("cursor", Map.of("hand", "bob", "name", "Ada", "x", 5, "y", 6));

    bob.assertBroadcast("cursor", Map.of("hand", "ada"));
  }

  @Test
  void aNewcomerGetsTheDrawingSoFar() {
    var ada = join("ada");
    ada.push("stroke", stroke("ada-1", 1, 2));
    ada.push("stroke", stroke("ada-2", 3, 4));
    ada.push("stroke", stroke("ada-1", 5, 6));
    ada.assertBroadcast("stroke", stroke("ada-1", 5, 6));

    var bob = join("bob");

    bob.assertPush("picture", picture(List.of(stroke("ada-1", 1, 2, 5, 6), stroke("ada-2", 3, 4))));
  }

  @Test
  void aClearedBoardIsEmptyForEverybody() {
    var ada = join("ada");
    ada.push("stroke", stroke("ada-1", 1, 2));

    ada.push("clear");

    ada.assertBroadcast("clear");
    join("bob").assertPush("picture", pushed -> pushed.tree().path("strokes").isEmpty());
  }

  @Test
  void aBoardThatNobodyTouchedAsksForThePictureAndTheFirstAnswerCounts() {
    var ada = join("ada");
    var bob = join("bob");
    ada.assertPush("recall", NOTHING);
    bob.assertPush("recall", NOTHING);

    ada.push("recalled", picture(List.of(stroke("old-1", 1, 2))));
    bob.assertBroadcast("picture", picture(List.of(stroke("old-1", 1, 2))));
    bob.push("recalled", picture(List.of(stroke("old-2", 3, 4))));

    ada.assertBroadcast("picture", picture(List.of(stroke("old-1", 1, 2))));
    ada.refuteBroadcast("picture");
    join("eve").assertPush("picture", picture(List.of(stroke("old-1", 1, 2))));
  }

  @Test
  void aDrawingStaysWhileSomebodyIsThereAndGoesWithTheLast() {
    var ada = join("ada");
    var bob = join("bob");
    ada.push("stroke", stroke("ada-1", 1, 2));
    bob.assertBroadcast("stroke");

    ada.socket().close();
    bob.assertBroadcast("gone", Map.of("hand", "ada"));
    var eve = join("eve");
    eve.assertPush("picture", picture(List.of(stroke("ada-1", 1, 2))));

    bob.socket().close();
    eve.socket().close();
    join("kim").assertPush("recall", NOTHING);
  }

  @Test
  void aHandThatJoinsTwiceKeepsItsDrawing() {
    var ada = join("ada");
    ada.push("stroke", stroke("ada-1", 1, 2));
    ada.assertBroadcast("stroke");

    var again = ada.socket().join("board:lobby", Map.of("hand", "ada"));

    again.assertPush("picture", picture(List.of(stroke("ada-1", 1, 2))));
  }

  @Test
  void whoComesWhileOthersDrawMissesNothingAndGetsNothingTwice() {
    var ada = join("ada");
    var bob = join("bob");
    var newcomers = new ArrayList<TestChannel>();
    for (int i = 0; i < 200; i++) {
      ada.push("stroke", stroke("ada-" + i, i, 0));
      bob.push("stroke", stroke("bob-" + i, i, 1));
      if (i % 10 == 0) {
        newcomers.add(join("new" + i));
      }
    }
    ada.push("stroke", stroke("ada-last", 0, 0));
    bob.push("stroke", stroke("bob-last", 0, 0));
    for (TestChannel each : newcomers) {
      each.assertBroadcast("stroke", stroke("ada-last", 0, 0));
      each.assertBroadcast("stroke", stroke("bob-last", 0, 0));
    }

    var all = seen(newcomers.get(0));
    assertEquals(402, all.size());
    for (TestChannel each : newcomers) {
      assertEquals(all, seen(each), "the same strokes in the same order");
    }
  }

  /** What a page shows that takes the picture, then every stroke after it. */
  private static List<String> seen(TestChannel channel) {
    var ids = new ArrayList<String>();
    for (Received message : channel.received()) {
      switch (message) {
        case Received.Push(var event, var payload) -> {
          ids.clear();
          payload.tree().path("strokes").forEach(stroke -> ids.add(stroke.path("id").asText()));
        }
        case Received.Broadcast(var event, var payload) when event.equals("stroke") ->
            ids.add(payload.tree().path("id").asText());
        default -> {}
      }
    }
    return ids;
  }

  @Test
  void beyondTheBoundTheOldestLinesGo() {
    int lines = Drawing.MAX_POINTS / 1_000 + 1;
    var points = IntStream.range(0, 2_000).boxed().toArray(Integer[]::new);
    var ada = join("ada");
    for (int i = 1; i <= lines; i++) {
      ada.push("stroke", stroke("ada-" + i, points));
    }
    ada.assertBroadcast("stroke", sent -> sent.tree().path("id").asText().equals("ada-" + lines));

    var shown = join("bob").assertPush("picture").tree().path("strokes");

    assertEquals(lines - 1, shown.size());
    assertEquals("ada-2", shown.path(0).path("id").asText());
  }

  @Test
  void dotsAreBoundedToo() {
    var dots =
        IntStream.rangeClosed(0, Drawing.MAX_LINES)
            .mapToObj(i -> stroke("old-" + i, 1, 2))
            .toList();
    var ada = join("ada");

    ada.push("recalled", picture(dots));

    var shown = ada.assertBroadcast("picture").tree().path("strokes");
    assertEquals(Drawing.MAX_LINES, shown.size());
    assertEquals("old-1", shown.path(0).path("id").asText());
  }

  @Test
  void whatIsNoStrokeCrashesTheHandThatSentIt() {
    var ada = join("ada");
    var bob = join("bob");

    ada.push("stroke", Map.of("id", "ada-1", "ink", 1, "points", List.of(1, 2, 3)));

    ada.assertCrashed(IllegalArgumentException.class);
    bob.refuteBroadcast("stroke");
  }

  @Test
  void aHandNeedsAnId() {
    board.socket().assertJoinRefused("board:lobby", Map.of());
    board.socket().assertJoinRefused("board:lobby", Map.of("hand", "x".repeat(21)));
  }

  @Test
  void everyBoardHasItsOwnDrawing() {
    var ada = join("ada");
    ada.push("stroke", stroke("ada-1", 1, 2));
    ada.assertBroadcast("stroke");

    var eve = board.join("board:attic", Map.of("hand", "eve"));

    eve.assertPush("recall", NOTHING);
    eve.refuteBroadcast("stroke");
  }
}
