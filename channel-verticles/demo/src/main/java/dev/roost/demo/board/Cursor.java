package dev.roost.demo.board;

/**
 * Where a hand is.
 *
 * @param hand whose it is; empty as clients send it
 * @param name of the person, 1 to 40 characters
 * @param x in thousandths of the board's width
 * @param y in the same unit
 */
record Cursor(String hand, String name, int x, int y) {

  @SuppressWarnings("NullAway") // Jackson gives null for what a client leaves out.
  Cursor {
    hand = hand == null ? "" : hand;
    if (name == null || !name.matches(".{1,40}")) {
      throw new IllegalArgumentException("a cursor has a name of 1 to 40 characters");
    }
  }

  Cursor of(String owner) {
    return new Cursor(owner, name, x, y);
  }
}
