package dev.roost.it.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** The channel that is played with: an event for each {@link Command.Event}. */
final class ModelChannel implements Channel {

  static final String BROADCAST = "broadcast";
  static final String BINARY_BROADCAST = "binary_broadcast";
  static final String INTERCEPTED = "intercepted";

  private JsonNode kept = NullNode.instance;

  private enum AfterJoin {
    PUSH
  }

  @Override
  public JoinResult join(String topic, Payload payload, Socket socket) {
    return switch (Command.Wish.valueOf(payload.tree().path("wish").asText())) {
      case OK -> JoinResult.ok(payload);
      case REFUSE -> JoinResult.refuse(payload);
      case RAISE -> throw new IllegalStateException("asked to");
      case PUSH_AFTERWARDS -> {
        socket.sendSelf(AfterJoin.PUSH);
        yield JoinResult.ok(payload);
      }
    };
  }

  @Override
  public Outcome handleInfo(Object message, Socket socket) {
    socket.push("after_join", Map.of("topic", socket.topic()));
    return Result.noReply();
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    return switch (Command.Event.valueOf(event)) {
      case ECHO, BINARY_ECHO -> Result.reply(payload);
      case SLOW_ECHO -> {
        LockSupport.parkNanos(1_000_000);
        yield Result.reply(payload);
      }
      case ERROR -> Result.error(payload);
      case SILENT -> Result.noReply();
      case PUSH -> {
        socket.push("pushed", payload);
        yield Result.noReply();
      }
      case BINARY_PUSH -> {
        socket.push("pushed", bytes(payload));
        yield Result.noReply();
      }
      case BROADCAST -> {
        socket.broadcast(BROADCAST, payload);
        yield Result.noReply();
      }
      case BINARY_BROADCAST -> {
        socket.broadcast(BINARY_BROADCAST, bytes(payload));
        yield Result.noReply();
      }
      case BROADCAST_FROM -> {
        socket.broadcastFrom(BROADCAST, payload);
        yield Result.noReply();
      }
      case INTERCEPTED -> {
        socket.broadcast(INTERCEPTED, payload);
        yield Result.noReply();
      }
      case PUT -> {
        kept = payload.tree();
        yield Result.ok();
      }
      case GET -> Result.reply(kept);
      case STOP -> Result.stop();
      case STOP_WITH_REPLY -> Result.reply(payload).thenStop();
      case CRASH -> throw new IllegalStateException("asked to");
      case UNKNOWN -> Result.unhandled();
    };
  }

  @Override
  public Outcome handleOut(String event, Payload payload, Socket socket) {
    socket.push(event, payload);
    return Result.noReply();
  }

  /** Who sent it, and its number. */
  static byte[] bytes(JsonNode payload) {
    int number = payload.path("number").asInt();
    return new byte[] {
      (byte) payload.path("from").asInt(),
      (byte) (number >> 16),
      (byte) (number >> 8),
      (byte) number
    };
  }

  private static byte[] bytes(Payload payload) {
    return bytes(payload.tree());
  }
}
