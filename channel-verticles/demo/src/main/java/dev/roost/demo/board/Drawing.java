package dev.roost.demo.board;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.Consumer;

/**
 * What is on one board, as its host knows it. Used by the channels of all who draw there, each on a
 * thread of its own.
 */
final class Drawing {

  /*
   * Every change is told to the board while the lock is held. So the topic sees changes in the order
   * in which they were made here, and a picture that is pushed to a newcomer has its place in that
   * order: what came before is on it, what came after follows it.
   *
   * A drawing that nobody has touched may be a new board, or an old one whose topic has just come to
   * this host. The first of those who still have the old picture tells; see restore.
   *
   * The bounds keep a picture under 700 KB, whatever numbers a client sends: it is one message to one
   * client, and has to fit into what may wait for a slow one (1 MiB).
   */

  /** Points and lines on one board; beyond either the oldest lines go. */
  static final int MAX_POINTS = 20_000;

  static final int MAX_LINES = 2_000;

  private final Map<String, Stroke> strokes = new LinkedHashMap<>();

  // Weak, since a channel that is replaced or runs out of time ends without a terminate.
  private final Set<BoardChannel> guests = Collections.newSetFromMap(new WeakHashMap<>());
  private int points;
  private boolean touched;

  /** Gives the picture to somebody new, or asks for it while there is none. */
  synchronized void show(Consumer<Picture> push, Runnable recall) {
    if (touched) {
      push.accept(picture());
    } else {
      recall.run();
    }
  }

  synchronized void draw(Stroke piece, Consumer<Stroke> tell) {
    add(piece);
    touched = true;
    tell.accept(piece);
  }

  synchronized void clear(Runnable tell) {
    strokes.clear();
    points = 0;
    touched = true;
    tell.run();
  }

  /** Takes the picture as a member has kept it, if nothing has happened here yet. */
  synchronized void restore(Picture kept, Consumer<Picture> tell) {
    if (!touched) {
      kept.strokes().forEach(this::add);
      touched = true;
      tell.accept(picture());
    }
  }

  private void add(Stroke piece) {
    strokes.merge(piece.id(), piece, Stroke::and);
    points += piece.length();
    var oldest = strokes.values().iterator();
    while (points > MAX_POINTS || strokes.size() > MAX_LINES) {
      points -= oldest.next().length();
      oldest.remove();
    }
  }

  private Picture picture() {
    return new Picture(List.copyOf(strokes.values()));
  }

  /* ---- who is here; under the lock of Drawings */

  void enter(BoardChannel guest) {
    guests.add(guest);
  }

  void leave(BoardChannel guest) {
    guests.remove(guest);
  }

  boolean isDeserted() {
    return guests.isEmpty();
  }
}
