package dev.roost.conformance;

import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import java.util.Map;

/** {@code room:*}: answers pings, passes on shouts. */
final class RoomChannel implements Channel {

  @Override
  public JoinResult join(String topic, Payload payload, Socket socket) {
    return topic.equals("room:private")
        ? JoinResult.refuse(Map.of("reason", "unauthorized"))
        : JoinResult.ok();
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    return switch (event) {
      case "ping" -> Result.reply(payload);
      case "shout" -> {
        socket.broadcast("shout", payload);
        yield Result.noReply();
      }
      case "shout_from" -> {
        socket.broadcastFrom("shout", payload);
        yield Result.noReply();
      }
      default -> Result.unhandled();
    };
  }
}
