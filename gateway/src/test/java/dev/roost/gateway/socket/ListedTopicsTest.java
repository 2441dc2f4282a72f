package dev.roost.gateway.socket;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ListedTopicsTest {

  private final ListedTopics listed = new ListedTopics();

  @Test
  void topicsOfOneFamilyAreAlike() {
    listed.add("lounge:7");
    listed.add("lobby");
    assertTrue(listed.contains("lounge:8"));
    assertTrue(listed.contains("lounge:8:bar"));
    assertTrue(listed.contains("lobby"));
    assertFalse(listed.contains("lounger:7"));
    assertFalse(listed.contains("room:7"));
  }

  /** Clients may make up as many as they like: those that get lists all the time stay. */
  @Test
  void ofVeryManyTheLastThatGotAListAreKept() {
    listed.add("lounge:7");
    listed.add("forgotten");
    for (int i = 2; i < ListedTopics.MOST; i++) {
      listed.add("made-up-" + i);
    }
    listed.add("lounge:8");
    listed.add("one more");
    assertTrue(listed.contains("lounge:9"));
    assertFalse(listed.contains("forgotten"));
    assertTrue(listed.contains("made-up-2"));
  }
}
