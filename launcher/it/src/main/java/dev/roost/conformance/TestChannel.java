package dev.roost.conformance;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.SocketRef;
import dev.roost.channel.StopReason;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code test:*}: an event for everything that a channel can do. */
final class TestChannel implements Channel {

  private static final Duration ASYNC_DELAY = Duration.ofMillis(50);

  private @Nullable Payload kept;

  /** A late answer on its way through the channel's own mailbox. */
  private record Answer(SocketRef ref, Payload payload) {}

  private enum AfterJoin {
    PUSH
  }

  @Override
  public JoinResult join(String topic, Payload payload, Socket socket) {
    if (!payload.isBinary() && payload.tree() instanceof ObjectNode wish) {
      if (wish.path("fail").asBoolean()) {
        return JoinResult.refuse(Map.of("reason", "nope"));
      }
      if (wish.path("raise").asBoolean()) {
        throw new IllegalStateException("join was asked to raise");
      }
      if (wish.path("after_join").asBoolean()) {
        socket.sendSelf(AfterJoin.PUSH);
      }
    }
    return JoinResult.ok(Map.of("joined", topic));
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    return switch (event) {
      case "echo" -> Result.reply(payload);
      case "error_reply" -> Result.error(payload);
      case "bare_reply" -> Result.ok();
      case "noreply" -> Result.noReply();
      case "push" -> {
        socket.push("pushed", payload);
        yield Result.noReply();
      }
      case "broadcast" -> {
        socket.broadcast("bcast", payload);
        yield Result.noReply();
      }
      case "broadcast_from" -> {
        socket.broadcastFrom("bcast", payload);
        yield Result.noReply();
      }
      case "async" -> {
        socket.sendAfter(ASYNC_DELAY, new Answer(socket.ref(), payload));
        yield Result.noReply();
      }
      case "stop" -> Result.stop();
      case "stop_reply" -> Result.reply(payload).thenStop();
      case "stop_shutdown" -> Result.stop(StopReason.shutdown("asked to"));
      case "crash" -> throw new IllegalStateException("asked to crash");
      case "binary" -> Result.reply(prefixed(payload.binary()));
      case "binary_push" -> {
        socket.push("binary_pushed", payload.binary());
        yield Result.noReply();
      }
      case "binary_broadcast" -> {
        socket.broadcast("binary_bcast", payload.binary());
        yield Result.noReply();
      }
      case "assign" -> {
        kept = payload;
        yield Result.ok();
      }
      case "get" -> {
        var answer = new HashMap<String, @Nullable Object>();
        answer.put("value", kept == null ? null : kept.tree());
        yield Result.reply(answer);
      }
      case "intercept_me" -> {
        socket.broadcast("intercepted", payload);
        yield Result.noReply();
      }
      default -> Result.unhandled();
    };
  }

  private static byte[] prefixed(byte[] bytes) {
    var answer = new byte[bytes.length + 1];
    answer[0] = (byte) 0xff;
    System.arraycopy(bytes, 0, answer, 1, bytes.length);
    return answer;
  }

  @Override
  public Outcome handleOut(String event, Payload payload, Socket socket) {
    var seen = (ObjectNode) payload.tree();
    socket.push(event, seen.put("for", socket.topic()));
    return Result.noReply();
  }

  @Override
  public Outcome handleInfo(Object message, Socket socket) {
    switch (message) {
      case AfterJoin.PUSH -> socket.push("after_join", Map.of("topic", socket.topic()));
      case Answer(var ref, var payload) -> ref.reply(payload);
      default -> throw new IllegalArgumentException("no such message: " + message);
    }
    return Result.noReply();
  }
}
