package dev.roost.conformance;

import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.RoutesProvider;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/** {@code GET /guarded/token?age=SECONDS}: a token that was signed so long ago. */
public final class GuardedRoutes implements RoutesProvider {

  @Override
  public Optional<String> application() {
    return Optional.of(Guarded.NAME);
  }

  @Override
  public void mount(Router router, ClusterNode node) {
    router
        .get("/guarded/token")
        .handler(
            context -> {
              String age = Objects.requireNonNull(context.request().getParam("age"), "age");
              Instant signed = Instant.now().minus(Duration.ofSeconds(Long.parseLong(age)));
              context.response().end(Guarded.TOKENS.sign("ann", signed));
            });
  }
}
