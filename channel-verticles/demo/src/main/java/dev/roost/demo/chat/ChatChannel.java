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
    name = payload.tree().path("name").asText();
    return name.matches(".{1,40}")
        ? JoinResult.ok().present("@" + name, Map.of("away", false))
        : JoinResult.refuse(Map.of("reason", "name"));
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    String body = payload.tree().path("body").asText();
    if (event.equals("new_msg") && (body.isBlank() || body.length() > 2_000)) {
      return Result.error(Map.of("reason", "1 to 2000 characters"));
    }
    switch (event) {
      case "new_msg" -> socket.broadcast("new_msg", Map.of("name", name, "body", body));
      case "typing" -> socket.broadcastFrom("typing", Map.of("name", name));
      case "away" -> socket.presence().update("@" + name, Map.of("away", true));
      case "back" -> socket.presence().update("@" + name, Map.of("away", false));
      case "crash" -> throw new IllegalStateException("somebody pressed the crash button");
      default -> {
        return event.equals("stop") ? Result.stop() : Result.unhandled();
      }
    }
    return Result.ok();
  }
}
