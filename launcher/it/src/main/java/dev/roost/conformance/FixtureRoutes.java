package dev.roost.conformance;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.roost.application.Broadcaster;
import dev.roost.bus.RawPayload;
import dev.roost.channel.Payload;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.RoutesProvider;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.Objects;
import java.util.Optional;

/** The fixture's HTTP side: a health check, broadcasts and disconnects from outside. */
public final class FixtureRoutes implements RoutesProvider {

  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  @Override
  public Optional<String> application() {
    return Optional.of(Fixture.NAME);
  }

  @Override
  public void mount(Router router, ClusterNode node) {
    var broadcaster = new Broadcaster(node, Fixture.NAME, MAPPER);
    router.get("/healthz").handler(context -> context.response().end("ok"));
    router
        .post("/broadcast")
        .handler(BodyHandler.create(false))
        .handler(context -> broadcast(context, broadcaster));
    router
        .post("/disconnect")
        .handler(
            context -> {
              broadcaster.disconnect(param(context, "id"));
              context.response().setStatusCode(204).end();
            });
  }

  private static void broadcast(RoutingContext context, Broadcaster broadcaster) {
    byte[] body = Objects.requireNonNull(context.body().buffer(), "body").getBytes();
    broadcaster.broadcast(
        param(context, "topic"),
        param(context, "event"),
        new Payload(RawPayload.json(body), MAPPER).tree());
    context.response().setStatusCode(204).end();
  }

  private static String param(RoutingContext context, String name) {
    return Objects.requireNonNull(context.request().getParam(name), name);
  }
}
