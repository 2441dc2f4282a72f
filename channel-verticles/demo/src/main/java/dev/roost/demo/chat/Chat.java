package dev.roost.demo.chat;

import dev.roost.application.Application;
import dev.roost.application.ApplicationProvider;
import dev.roost.application.SocketHandler;
import dev.roost.channel.Channel;
import dev.roost.routing.SocketOptions;

/** The chat demo: rooms that anybody may enter under any name. */
public final class Chat implements ApplicationProvider {

  @Override
  public Application application() {
    return Application.named("chat")
        .socket("/socket", SocketHandler.acceptAll(), SocketOptions.defaults().withLongPoll())
        .route("room:*", Chat::channel);
  }

  private static Channel channel() {
    return new ChatChannel();
  }
}
