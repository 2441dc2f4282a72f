package dev.roost.demo.board;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;

/**
 * The board demo: one drawing for each room of the chat. It has no socket handler: whoever the chat
 * let in may draw, on the same socket.
 */
public final class Board implements ApplicationProvider {

  @Override
  public Application application() {
    var drawings = new Drawings();
    return Application.named("board")
        .path("/socket")
        .route("board:*", () -> new BoardChannel(drawings));
  }
}
