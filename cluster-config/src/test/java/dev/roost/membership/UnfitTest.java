package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UnfitTest {

  private static Unfit.Peer peer(String name, @Nullable String nodeName, int contract) {
    return new Unfit.Peer(name, nodeName, Integer.toString(contract), name + ".example:5701");
  }

  private static final Unfit.Peer chat = peer("chat-1", "chat", 2);
  private static final Unfit.Peer sameName = peer("chat-2", "chat", 2);
  private static final Unfit.Peer nameless = peer("node-1", null, 2);
  private static final Unfit.Peer earlier = peer("chat-0", "chat", 1);
  private static final Unfit.Peer later = peer("chat-3", "chat", 3);

  private static void assertFits(Unfit.Peer self, Unfit.Peer... members) {
    assertEquals(Optional.empty(), Unfit.of(self, List.of(members)));
  }

  private static void assertUnfit(Unfit expected, Unfit.Peer self, Unfit.Peer... members) {
    assertEquals(Optional.of(expected), Unfit.of(self, List.of(members)));
  }

  @Test
  void whoeverIsAloneOrNotListedYetFits() {
    assertFits(chat);
    assertFits(chat, chat);
    assertFits(chat, nameless);
  }

  @Test
  void theOlderOfTwoKeepsTheName() {
    assertFits(chat, chat, nameless, sameName);
    assertUnfit(new Unfit.NameTaken(chat), sameName, chat, nameless, sameName);
  }

  @Test
  void nodesWithoutANameOfTheirSettingsAreNeverTaken() {
    assertFits(nameless, peer("node-0", null, 2), nameless);
    assertFits(sameName, nameless, sameName);
  }

  @Test
  void theVersionOfTheOldestCountsWhetherItIsLowerOrHigher() {
    assertFits(earlier, earlier, chat);
    assertUnfit(new Unfit.OtherContract(chat, earlier), chat, earlier, chat);
    assertFits(later, later, chat);
    assertUnfit(new Unfit.OtherContract(chat, later), chat, later, chat);
  }

  @Test
  void allOfTheSideThatGivesWayGoAndNobodyOfTheOther() {
    var left = List.of(nameless, chat);
    var right = List.of(earlier, peer("news-0", "news", 1), peer("node-0", null, 1));
    var merged = new ArrayList<>(left);
    merged.addAll(right);
    left.forEach(peer -> assertEquals(Optional.empty(), Unfit.of(peer, merged)));
    right.forEach(
        peer ->
            assertEquals(
                Optional.of(new Unfit.OtherContract(peer, nameless)), Unfit.of(peer, merged)));
  }

  @Test
  void whoeverHasToGoTakesNoName() {
    assertFits(sameName, nameless, earlier, sameName);
  }

  @Test
  void theMessagesNameTheOtherAndSayWhatToDo() {
    String contract = new Unfit.OtherContract(chat, earlier).message();
    assertTrue(contract.contains("node chat-0 at chat-0.example:5701 speaks version 1"), contract);
    assertTrue(contract.contains("this one version 2: run one release in a cluster"), contract);
    String name = new Unfit.NameTaken(chat).message();
    assertTrue(name.contains("node name chat is taken by the node at chat-1.example:5701"), name);
    assertTrue(name.contains("give each node of a cluster a name of its own"), name);
  }
}
