package dev.roost.demo.chat;

import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
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
    socket.sendSelf("joined"); // Who is here is told once nothing can be missed any more.
    return name.matches(".{1,40}") ? JoinResult.ok() : JoinResult.refuse(Map.of("reason", "name"));
  }

  @Override
  public Outcome handleInfo(Object message, Socket socket) {
    socket.presence().track("@" + name, Map.of("away", false));
    socket.push("presence_state", socket.presence().list());
    return Result.noReply();
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
      case "stop" -> {
        return Result.stop();
      }
      case "crash" -> throw new IllegalStateException("somebody pressed the crash button");
      default -> {
        return Result.unhandled();
      }
    }
    return event.equals("new_msg") ? Result.ok() : Result.noReply();
  }
}
