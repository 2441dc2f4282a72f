package dev.roost.demo.board;

import java.util.HashMap;
import java.util.Map;

/**
 * The drawings of the boards that this node hosts, each kept while somebody is at its board. Safe
 * for any thread.
 */
final class Drawings {

  /*
   * A topic has one host at a time, and all its channels run there: memory is exact while the host
   * stays. When the topic moves, its channels end, the last of them takes the drawing along, and the
   * new host starts with an empty one, which the first member to be back fills from what its page
   * shows. So nothing is shared between nodes, and a drawing is lost with the last who looked at it.
   */

  private final Map<String, Drawing> drawings = new HashMap<>();

  synchronized void enter(String topic, BoardChannel guest) {
    drawings.values().removeIf(Drawing::isDeserted);
    drawings.computeIfAbsent(topic, ignored -> new Drawing()).enter(guest);
  }

  synchronized void leave(String topic, BoardChannel guest) {
    Drawing drawing = drawings.get(topic);
    if (drawing != null) {
      drawing.leave(guest);
      drawings.values().removeIf(Drawing::isDeserted);
    }
  }

  /** The drawing of a board that the caller has entered. */
  synchronized Drawing at(String topic) {
    Drawing drawing = drawings.get(topic);
    if (drawing == null) {
      throw new IllegalStateException("nobody has entered \"" + topic + "\"; enter it first");
    }
    return drawing;
  }

  synchronized int size() {
    return drawings.size();
  }
}
