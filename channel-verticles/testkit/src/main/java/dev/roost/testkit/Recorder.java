package dev.roost.testkit;

import dev.roost.application.Application;
import dev.roost.application.Route;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.TerminateReason;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Watches the channels of an application end, which no client sees: that {@code terminate} has run,
 * and why.
 */
final class Recorder {

  /*
   * Nothing that a channel is told names the client it serves, so an ending finds its channel by
   * time: the kit joins one topic at a time, and the first channel made after a join was sent is
   * that join's.
   */
  private final AtomicReference<@Nullable CompletableFuture<TerminateReason>> next =
      new AtomicReference<>();

  /**
   * Completes behind the return of terminate of the next channel that is made; never, if that one
   * is replaced or killed.
   */
  CompletableFuture<TerminateReason> expect() {
    var ending = new CompletableFuture<TerminateReason>();
    next.set(ending);
    return ending;
  }

  /** The same application with watched channels. */
  Application watched(Application application) {
    var watched =
        Application.named(application.name())
            .mapper(application.mapper())
            .presence(application.presence());
    for (var mount : application.sockets().entrySet()) {
      watched =
          watched.socket(mount.getKey(), mount.getValue().handler(), mount.getValue().options());
    }
    for (String path : application.paths()) {
      watched = watched.path(path);
    }
    for (Route route : application.routes()) {
      watched =
          watched.route(
              new Route(
                  route.pattern(),
                  () -> watch(route),
                  route.intercepted(),
                  route.assigns(),
                  route.unhandledEvents()));
    }
    return watched;
  }

  private Channel watch(Route route) {
    var ending = next.getAndSet(null);
    return new Watched(route.newChannel(), ending == null ? new CompletableFuture<>() : ending);
  }

  private record Watched(Channel channel, CompletableFuture<TerminateReason> ending)
      implements Channel {

    @Override
    public JoinResult join(String topic, Payload payload, Socket socket) {
      return channel.join(topic, payload, socket);
    }

    @Override
    public Result handleIn(String event, Payload payload, Socket socket) {
      return channel.handleIn(event, payload, socket);
    }

    @Override
    public Outcome handleOut(String event, Payload payload, Socket socket) {
      return channel.handleOut(event, payload, socket);
    }

    @Override
    public Outcome handleInfo(Object message, Socket socket) {
      return channel.handleInfo(message, socket);
    }

    @Override
    public void terminate(TerminateReason reason, Socket socket) {
      try {
        channel.terminate(reason, socket);
      } finally {
        ending.complete(reason);
      }
    }
  }
}
