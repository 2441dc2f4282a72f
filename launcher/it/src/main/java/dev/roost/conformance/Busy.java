package dev.roost.conformance;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;

/** The application "busy": its channels take as long for an event as they are told to. */
public final class Busy implements ApplicationProvider {

  @Override
  public Application application() {
    return Application.named("busy")
        .socket("/busy", SocketHandler.acceptAll())
        .route("busy:*", Worker::new);
  }

  private static final class Worker implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return JoinResult.ok();
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      switch (event) {
        case "work" -> {
          try {
            Thread.sleep(payload.tree().path("ms").asLong());
          } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted at work", e);
          }
        }
        case "tell" -> socket.broadcast("told", payload);
        default -> {
          return Result.unhandled();
        }
      }
      return Result.ok();
    }
  }
}
