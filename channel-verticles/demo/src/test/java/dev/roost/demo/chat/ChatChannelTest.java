package dev.roost.demo.chat;

import dev.roost.channel.Payload;
import dev.roost.testkit.ChannelKit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class ChatChannelTest {

  @AutoClose private final ChannelKit chat = ChannelKit.of(new Chat().application());

  @Test
  void aMessageReachesEverybodyInTheRoom() {
    var ada = chat.join("room:lobby", Map.of("name", "Ada"));
    var bob = chat.join("room:lobby", Map.of("name", "Bob"));

    String ref = ada.push("new_msg", Map.of("body", "hello"));

    ada.assertReply(ref, "ok");
    ada.assertBroadcast("new_msg", Map.of("name", "Ada", "body", "hello"));
    bob.assertBroadcast("new_msg", Map.of("name", "Ada", "body", "hello"));
  }

  @Test
  void aMessageStaysInItsRoom() {
    var ada = chat.join("room:lobby", Map.of("name", "Ada"));
    var eve = chat.join("room:attic", Map.of("name", "Eve"));

    ada.push("new_msg", Map.of("body", "hello"));

    ada.assertBroadcast("new_msg");
    eve.refuteBroadcast("new_msg");
  }

  @Test
  void anEmptyMessageIsRefused() {
    var ada = chat.join("room:lobby", Map.of("name", "Ada"));

    String ref = ada.push("new_msg", Map.of("body", "  "));

    ada.assertReply(ref, "error");
    ada.refuteBroadcast("new_msg");
  }

  @Test
  void aGuestNeedsAName() {
    chat.socket().assertJoinRefused("room:lobby", Map.of("name", ""));
    chat.socket().assertJoinRefused("room:lobby", Map.of("name", "x".repeat(41)));
    chat.join("room:lobby", Map.of("name", "x".repeat(40)));
  }

  @Test
  void whoJoinsGetsTheListOfAllAndOthersAreToldOfIt() {
    var ada = chat.join("room:lobby", Map.of("name", "Ada"));
    ada.assertPush(
        "presence_state", Map.of("@Ada", Map.of("metas", List.of(Map.of("away", false)))));
    var bob = chat.join("room:lobby", Map.of("name", "Bob"));
    bob.assertPush("presence_state", state -> state.tree().has("@Ada") && state.tree().has("@Bob"));
    ada.assertBroadcast("presence_diff", diff -> diff.tree().get("joins").has("@Bob"));
    bob.leave();
    ada.assertBroadcast("presence_diff", diff -> diff.tree().get("leaves").has("@Bob"));
  }

  @Test
  void whoHidesTheWindowIsAwayUntilBack() {
    var ada = chat.join("room:lobby", Map.of("name", "Ada"));
    ada.assertPush("presence_state");
    ada.push("away");
    ada.assertBroadcast("presence_diff", diff -> isAway(diff, true));
    ada.push("back");
    ada.assertBroadcast("presence_diff", diff -> isAway(diff, false));
  }

  private static boolean isAway(Payload diff, boolean expected) {
    var away = diff.tree().at("/joins/@Ada/metas/0/away");
    return diff.tree().get("leaves").has("@Ada") && away.asBoolean() == expected;
  }

  @Test
  void aNameThatEveryJavaScriptObjectHasHarmsNobody() {
    var ada = chat.join("room:lobby", Map.of("name", "__proto__"));
    ada.assertPush("presence_state", state -> state.tree().has("@__proto__"));
  }

  @Test
  void othersSeeThatSomebodyTypes() {
    var ada = chat.join("room:lobby", Map.of("name", "Ada"));
    var bob = chat.join("room:lobby", Map.of("name", "Bob"));

    ada.push("typing");

    bob.assertBroadcast("typing", Map.of("name", "Ada"));
    ada.refuteBroadcast("typing");
  }

  @Test
  void aCrashConcernsOneGuestOnly() {
    var ada = chat.join("room:lobby", Map.of("name", "Ada"));
    var bob = chat.join("room:lobby", Map.of("name", "Bob"));

    ada.push("crash");

    ada.assertCrashed(IllegalStateException.class);
    bob.assertReply(bob.push("new_msg", Map.of("body", "still here")), "ok");
  }

  @Test
  void aGuestWhoLeavesIsGone() {
    var ada = chat.join("room:lobby", Map.of("name", "Ada"));
    var bob = chat.join("room:lobby", Map.of("name", "Bob"));

    ada.assertReply(ada.leave(), "ok");
    ada.assertClosed();
    bob.push("new_msg", Map.of("body", "bye"));

    bob.assertBroadcast("new_msg");
    ada.refuteBroadcast("new_msg");
  }
}
