package dev.roost.demo.board;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A line, or a further piece of one.
 *
 * @param id names the line; its pieces have the same
 * @param ink number of a colour, which each page shows in its own way
 * @param points x and y in turns, in thousandths of the board's width
 */
record Stroke(String id, int ink, List<Integer> points) {

  private static final int MAX_POINTS = 2_000;

  Stroke {
    Objects.requireNonNull(id, "id");
    points = List.copyOf(points);
    if (!id.matches("[\\w-]{1,40}")) {
      throw new IllegalArgumentException("a stroke has an id of 1 to 40 letters and digits");
    }
    if (points.isEmpty() || points.size() % 2 != 0 || points.size() > 2 * MAX_POINTS) {
      throw new IllegalArgumentException(
          "a stroke has 1 to " + MAX_POINTS + " points, x and y for each");
    }
  }

  int length() {
    return points.size() / 2;
  }

  /** The line as it is with this piece at its end. */
  Stroke and(Stroke piece) {
    var all = new ArrayList<>(points);
    all.addAll(piece.points);
    return new Stroke(id, ink, all);
  }
}
