package dev.roost.demo.chat;

import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import java.util.Map;

/** One guest in one room. */
final class ChatChannel implements Channel {

  private String name = "";

  @Override
  public JoinResult join(String topic, Payload payload, Socket socket) {
    name = payload.tree().path("name").asText().strip();
    boolean fits = !name.isEmpty() && name.length() <= 40;
    return fits ? JoinResult.ok() : JoinResult.refuse(Map.of("reason", "1 to 40 characters"));
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    switch (event) {
      case "new_msg" -> {
        String body = payload.tree().path("body").asText().strip();
        if (body.isEmpty() || body.length() > 2_000) {
          return Result.error(Map.of("reason", "1 to 2000 characters"));
        }
        socket.broadcast("new_msg", Map.of("name", name, "body", body));
        return Result.ok();
      }
      case "typing" -> socket.broadcastFrom("typing", Map.of("name", name));
      case "crash" -> throw new IllegalStateException("somebody pressed the crash button");
      default -> {
        return event.equals("stop") ? Result.stop() : Result.unhandled();
      }
    }
    return Result.noReply();
  }
}
