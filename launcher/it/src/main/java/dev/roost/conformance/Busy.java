package dev.roost.conformance;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import java.util.concurrent.CountDownLatch;

/**
 * The application "busy": a channel that was told to "hold" is busy until another has "release".
 */
public final class Busy implements ApplicationProvider {

  private static final CountDownLatch released = new CountDownLatch(1);

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
        case "hold" -> {
          socket.push("holding", payload);
          try {
            released.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted while it held", e);
          }
        }
        case "release" -> released.countDown();
        case "work" -> {}
        case "tell" -> socket.broadcast("told", payload);
        default -> {
          return Result.unhandled();
        }
      }
      return Result.ok();
    }
  }
}
