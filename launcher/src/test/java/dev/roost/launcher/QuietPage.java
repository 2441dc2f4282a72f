package dev.roost.launcher;

import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.RoutesProvider;
import io.vertx.ext.web.Router;
import java.util.Optional;

/** A page that goes with {@link Quiet}. */
public final class QuietPage implements RoutesProvider {

  @Override
  public Optional<String> application() {
    return Optional.of("quiet");
  }

  @Override
  public void mount(Router router, ClusterNode node) {
    router.get("/quiet").handler(context -> context.response().setStatusCode(204).end());
  }
}
