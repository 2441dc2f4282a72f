package dev.roost.demo.board;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class DrawingsTest {

  private final Drawings drawings = new Drawings();

  @Test
  void theLastWhoLeavesTakesTheDrawingAlong() {
    var ada = new BoardChannel(drawings);
    var bob = new BoardChannel(drawings);
    drawings.enter("board:lobby", ada);
    drawings.enter("board:lobby", bob);

    drawings.leave("board:lobby", ada);
    assertEquals(1, drawings.size());
    drawings.leave("board:lobby", bob);

    assertEquals(0, drawings.size());
    assertThrows(IllegalStateException.class, () -> drawings.at("board:lobby"));
  }

  @Test
  void whoNeverEnteredMayLeave() {
    drawings.leave("board:lobby", new BoardChannel(drawings));

    assertEquals(0, drawings.size());
  }
}
