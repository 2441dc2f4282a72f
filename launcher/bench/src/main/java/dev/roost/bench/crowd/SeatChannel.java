package dev.roost.bench.crowd;

import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.presence.PresenceException;
import java.util.Map;

/** {@code seat:N}: nobody else is here, but who is here is present in the crowd. */
final class SeatChannel implements Channel {

  private String topic = "";

  @Override
  public JoinResult join(String joined, Payload payload, Socket socket) {
    topic = joined;
    socket.sendSelf("joined");
    return JoinResult.ok();
  }

  @Override
  public Outcome handleInfo(Object message, Socket socket) {
    try {
      socket.presence(Crowd.TOPIC).track(topic, Map.of("online_at", System.currentTimeMillis()));
      socket.push("tracked", Map.of());
    } catch (PresenceException e) {
      socket.push("failed", Map.of("reason", e.reason()));
    }
    return Result.noReply();
  }
}
