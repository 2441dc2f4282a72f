package dev.roost.bus;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a channel verticle receives: from gateways, and broadcasts from anywhere.
 *
 * <p>A joined channel is named by the gateway's inbox (the sender of the envelope) and a {@code
 * channel} number that the gateway never uses twice.
 */
public sealed interface HostMessage extends BusMessage {

  /**
   * A client asks for a connection; any node of the application may answer, with {@link
   * GatewayMessage.Connected} or {@link GatewayMessage.ConnectRefused}.
   *
   * @param request number that the answer repeats
   * @param application whose socket handler decides
   * @param path the mount path, for instance {@code /socket}
   * @param transport {@code websocket} or {@code longpoll}
   * @param vsn the protocol version asked for
   * @param params JSON object: decoded query string and path variables (E-20)
   * @param info JSON object: what the mount's connect info lists (C-1)
   * @param origin the {@code Origin} header for the socket handler to decide on first (O-13); null
   *     if there is none, or nothing to decide
   */
  record Connect(
      long request,
      String application,
      String path,
      String transport,
      String vsn,
      RawPayload params,
      RawPayload info,
      @Nullable String origin)
      implements HostMessage {
    public Connect {
      Objects.requireNonNull(application, "application");
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(transport, "transport");
      Objects.requireNonNull(vsn, "vsn");
      Objects.requireNonNull(params, "params");
      Objects.requireNonNull(info, "info");
    }

    @Override
    public int payloadBytes() {
      return params.size() + info.size();
    }
  }

  /**
   * A client joins a topic; answered by {@link GatewayMessage.Joined} or {@link
   * GatewayMessage.Refused}.
   *
   * @param replaces channel that this join replaces (a duplicate join, J-40), 0 for none
   * @param epoch the tenure of the topic's partition that the gateway believes in
   * @param recipient the new channel, and where its pushes and replies go; its joinRef is the
   *     join's own or, without one, the join's ref (J-7)
   * @param client what is known of the connection since connect
   * @param payload the join payload, any JSON value or binary (J-18)
   */
  record Join(long replaces, long epoch, Recipient recipient, ClientInfo client, RawPayload payload)
      implements HostMessage {
    public Join {
      Objects.requireNonNull(recipient, "recipient");
      Objects.requireNonNull(client, "client");
      Objects.requireNonNull(payload, "payload");
    }

    /** Number of the new channel on its gateway. */
    public long channel() {
      return recipient.channel();
    }

    @Override
    public int payloadBytes() {
      return payload.size();
    }
  }

  /** A client's message on a joined topic. */
  record Event(long channel, @Nullable Ref ref, String event, RawPayload payload)
      implements HostMessage {
    public Event {
      Objects.requireNonNull(event, "event");
      Objects.requireNonNull(payload, "payload");
    }

    @Override
    public int payloadBytes() {
      return payload.size();
    }
  }

  /** A client leaves a topic; answered by a reply, then {@link GatewayMessage.Closed}. */
  record Leave(long channel, @Nullable Ref ref) implements HostMessage {}

  /**
   * A client's connection ended, and with it these channels of the receiving host (L-40).
   *
   * @param channels at most {@link Contract#MAX_CHANNELS_PER_MESSAGE}
   * @param detail why, for instance {@code closed} or {@code idle}
   */
  record SocketGone(List<Long> channels, String detail) implements HostMessage {
    public SocketGone {
      channels = List.copyOf(channels);
      Objects.requireNonNull(detail, "detail");
      if (channels.size() > Contract.MAX_CHANNELS_PER_MESSAGE) {
        throw new IllegalArgumentException(
            "one message names at most "
                + Contract.MAX_CHANNELS_PER_MESSAGE
                + " channels, got "
                + channels.size()
                + ": send several");
      }
    }
  }

  /** Asks the topic's host to broadcast; sent from anywhere (F-6). */
  record BroadcastRequest(String topic, String event, RawPayload payload) implements HostMessage {
    public BroadcastRequest {
      Objects.requireNonNull(topic, "topic");
      Objects.requireNonNull(event, "event");
      Objects.requireNonNull(payload, "payload");
    }

    @Override
    public int payloadBytes() {
      return payload.size();
    }
  }
}
