package dev.roost.host;

import dev.roost.application.Application;
import dev.roost.application.ChannelOptions;
import dev.roost.application.Route;
import dev.roost.channel.Channel;
import dev.roost.channel.JoinResult;
import dev.roost.channel.Outcome;
import dev.roost.channel.Payload;
import dev.roost.channel.Result;
import dev.roost.channel.Socket;
import dev.roost.channel.TerminateReason;
import dev.roost.testkit.ChannelKit;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.UnaryOperator;

/** A channel whose callbacks are lambdas of the test. */
final class Script implements Channel {

  private JoinCallback join = (topic, payload, socket) -> JoinResult.ok();
  private InCallback in = (event, payload, socket) -> Result.unhandled();
  private OutCallback out = (event, payload, socket) -> Result.unhandled();
  private InfoCallback info = (message, socket) -> Result.unhandled();
  private BiConsumer<TerminateReason, Socket> terminate = (reason, socket) -> {};

  @FunctionalInterface
  interface JoinCallback {
    JoinResult join(String topic, Payload payload, Socket socket);
  }

  @FunctionalInterface
  interface InCallback {
    Result in(String event, Payload payload, Socket socket);
  }

  @FunctionalInterface
  interface OutCallback {
    Outcome out(String event, Payload payload, Socket socket);
  }

  @FunctionalInterface
  interface InfoCallback {
    Outcome info(Object message, Socket socket);
  }

  static Script onJoin(JoinCallback callback) {
    var script = new Script();
    script.join = callback;
    return script;
  }

  static Script onIn(InCallback callback) {
    return new Script().in(callback);
  }

  Script in(InCallback callback) {
    in = callback;
    return this;
  }

  Script out(OutCallback callback) {
    out = callback;
    return this;
  }

  Script info(InfoCallback callback) {
    info = callback;
    return this;
  }

  Script terminate(BiConsumer<TerminateReason, Socket> callback) {
    terminate = callback;
    return this;
  }

  /** Runs an application whose topics {@code t:*} are served by this one script. */
  ChannelKit kit() {
    return kit(UnaryOperator.identity(), UnaryOperator.identity());
  }

  ChannelKit kit(UnaryOperator<Route> route, UnaryOperator<ChannelOptions> options) {
    return ChannelKit.of(
            Application.named("script").route(route.apply(Route.of("t:*", () -> this))),
            options.apply(ChannelOptions.defaults().withVerticles(1)))
        .limits(Duration.ofSeconds(20), Duration.ofMillis(100));
  }

  /** Topics that have a member now. */
  static int topics(ChannelKit kit) {
    HostVerticle host = kit.deployment().hosts().get(0);
    Promise<Integer> count = Promise.promise();
    host.context().runOnContext(ignored -> count.complete(host.topicCount()));
    return count.future().await();
  }

  @Override
  public JoinResult join(String topic, Payload payload, Socket socket) {
    return join.join(topic, payload, socket);
  }

  @Override
  public Result handleIn(String event, Payload payload, Socket socket) {
    return in.in(event, payload, socket);
  }

  @Override
  public Outcome handleOut(String event, Payload payload, Socket socket) {
    return out.out(event, payload, socket);
  }

  @Override
  public Outcome handleInfo(Object message, Socket socket) {
    return info.info(message, socket);
  }

  @Override
  public void terminate(TerminateReason reason, Socket socket) {
    terminate.accept(reason, socket);
  }
}
