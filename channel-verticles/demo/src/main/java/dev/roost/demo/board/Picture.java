package dev.roost.demo.board;

import java.util.List;

/**
 * All that is on a board.
 *
 * @param strokes in the order in which they were begun, the oldest first
 */
record Picture(List<Stroke> strokes) {

  Picture {
    strokes = List.copyOf(strokes);
  }
}
