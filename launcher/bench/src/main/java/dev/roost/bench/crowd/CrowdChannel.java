package dev.roost.bench.crowd;

import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import java.util.Map;
import java.util.UUID;

/**
 * {@code crowd:*}: who joins with {@code {"watch": true}} only watches, everybody else is present
 * under a key of its own; who joins with {@code {"list": true}} gets the list.
 */
final class CrowdChannel implements Channel {

  private boolean watches;
  private boolean wantsList;

  @Override
  public JoinResult join(String topic, Payload payload, Socket socket) {
    watches = payload.tree().path("watch").asBoolean();
    wantsList = payload.tree().path("list").asBoolean();
    socket.sendSelf("joined");
    return JoinResult.ok();
  }

  @Override
  public Outcome handleInfo(Object message, Socket socket) {
    if (!watches) {
      socket
          .presence()
          .track(UUID.randomUUID().toString(), Map.of("online_at", System.currentTimeMillis()));
    }
    if (wantsList) {
      socket.push("presence_state", socket.presence().list());
    }
    return Result.noReply();
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    return event.equals("count")
        ? Result.reply(Map.of("present", socket.presence().list().keys().size()))
        : Result.unhandled();
  }
}
