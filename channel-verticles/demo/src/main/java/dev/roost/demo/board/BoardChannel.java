package dev.roost.demo.board;

import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.TerminateReason;
import java.util.Map;

/** One hand at one board. */
final class BoardChannel implements Channel {
  private final Drawings drawings;
  private String hand = "";

  BoardChannel(Drawings drawings) {
    this.drawings = drawings;
  }

  @Override
  public JoinResult join(String topic, Payload payload, Socket socket) {
    hand = payload.tree().path("hand").asText();
    if (!hand.matches("\\w{1,20}")) {
      return JoinResult.refuse(Map.of("reason", "hand"));
    }
    drawings.enter(topic, this);
    socket.sendSelf("joined"); // The picture comes once nothing can be missed any more.
    return JoinResult.ok(Map.of("max_points", Drawing.MAX_POINTS, "max_lines", Drawing.MAX_LINES));
  }

  @Override
  public Outcome handleInfo(Object message, Socket socket) {
    drawings
        .at(socket.topic())
        .show(picture -> socket.push("picture", picture), () -> socket.push("recall", Map.of()));
    return Result.noReply();
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    Drawing drawing = drawings.at(socket.topic());
    switch (event) {
      case "stroke" ->
          drawing.draw(payload.as(Stroke.class), stroke -> socket.broadcast("stroke", stroke));
      case "clear" -> drawing.clear(() -> socket.broadcast("clear", Map.of()));
      case "recalled" ->
          drawing.restore(
              payload.as(Picture.class), picture -> socket.broadcast("picture", picture));
      case "cursor" -> socket.broadcastFrom("cursor", payload.as(Cursor.class).of(hand));
      default -> {
        return Result.unhandled();
      }
    }
    return Result.noReply();
  }

  @Override
  public void terminate(TerminateReason reason, Socket socket) {
    drawings.leave(socket.topic(), this);
    if (!(reason instanceof TerminateReason.Refused)) {
      socket.broadcastFrom("gone", Map.of("hand", hand));
    }
  }
}
