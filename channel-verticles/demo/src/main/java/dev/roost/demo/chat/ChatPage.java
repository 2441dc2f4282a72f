package dev.roost.demo.chat;

import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.RoutesProvider;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.StaticHandler;
import java.util.Optional;

/**
 * The demo's page, from the {@code web} folder of the class path: the chat, and beside it the board
 * as soon as that is deployed somewhere.
 */
public final class ChatPage implements RoutesProvider {

  @Override
  public Optional<String> application() {
    return Optional.of("chat");
  }

  @Override
  public void mount(Router router, ClusterNode node) {
    router.route().handler(StaticHandler.create("web").setCachingEnabled(false));
  }
}
