package dev.roost.conformance;

import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import java.util.Map;

/**
 * {@code presence:*}: who joins is present under a key of its choice, and in another topic as well
 * if it names one as {@code also}.
 */
final class PresenceChannel implements Channel {

  private enum AfterJoin {
    TRACK
  }

  private String user = "anon";
  private String also = "";

  @Override
  public JoinResult join(String topic, Payload payload, Socket socket) {
    user = payload.tree().path("user").asText("anon");
    also = payload.tree().path("also").asText("");
    socket.sendSelf(AfterJoin.TRACK);
    return JoinResult.ok();
  }

  @Override
  public Outcome handleInfo(Object message, Socket socket) {
    socket.presence().track(user, Map.of("online_at", 1, "status", "online"));
    if (!also.isEmpty()) {
      socket.presence(also).track(user, Map.of("online_at", 1, "status", "elsewhere"));
    }
    socket.push("presence_state", socket.presence().list());
    return Result.noReply();
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    if (!event.equals("status")) {
      return Result.unhandled();
    }
    var status = payload.tree().required("status");
    socket.presence().update(user, meta -> meta.set("status", status));
    return Result.ok();
  }
}
