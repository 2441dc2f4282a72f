package dev.roost.bus;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What a gateway verticle receives from channel verticles. */
public sealed interface GatewayMessage extends BusMessage {

  /**
   * The socket handler accepted the connection.
   *
   * @param id the socket's id topic, null when anonymous (D-1)
   * @param assigns JSON object: what every channel of the connection starts with (N-10)
   * @param until when the connection is to end, in milliseconds since 1970; 0 for no such time
   */
  record Connected(long request, @Nullable String id, RawPayload assigns, long until)
      implements GatewayMessage {
    public Connected {
      Objects.requireNonNull(assigns, "assigns");
    }

    @Override
    public int payloadBytes() {
      return assigns.size();
    }
  }

  /**
   * The connection is refused.
   *
   * @param status HTTP status, 403 unless the handler chose another (H-11)
   * @param headers response headers, at most {@link Contract#MAX_HEADERS}; usually none
   * @param body response body, usually empty
   */
  record ConnectRefused(long request, int status, Map<String, String> headers, String body)
      implements GatewayMessage {
    public ConnectRefused {
      headers = Map.copyOf(headers);
      Objects.requireNonNull(body, "body");
    }
  }

  /**
   * The join is accepted; from here on the topic's broadcasts follow on this link.
   *
   * @param epoch the host's tenure of the partition
   * @param response the join's answer, any JSON value or binary
   */
  record Joined(long channel, long epoch, RawPayload response) implements GatewayMessage {
    public Joined {
      Objects.requireNonNull(response, "response");
    }

    @Override
    public int payloadBytes() {
      return response.size();
    }
  }

  /** The join is refused; the channel never existed (J-11, J-16). */
  record Refused(long channel, RawPayload response) implements GatewayMessage {
    public Refused {
      Objects.requireNonNull(response, "response");
    }

    @Override
    public int payloadBytes() {
      return response.size();
    }
  }

  /** The host that was asked to join does not host the topic (any more): ask again. */
  record NotHosted(long channel) implements GatewayMessage {}

  /** A message to one client: {@code [joinRef, null, topic, event, payload]} (F-1). */
  record Push(Recipient recipient, String event, RawPayload payload) implements GatewayMessage {
    public Push {
      Objects.requireNonNull(recipient, "recipient");
      Objects.requireNonNull(event, "event");
      Objects.requireNonNull(payload, "payload");
    }

    @Override
    public int payloadBytes() {
      return payload.size();
    }
  }

  /** The answer to one client message (Y-1); may come after the channel's end (Y-6). */
  record Reply(Recipient recipient, @Nullable Ref ref, String status, RawPayload response)
      implements GatewayMessage {
    public Reply {
      Objects.requireNonNull(recipient, "recipient");
      Objects.requireNonNull(status, "status");
      Objects.requireNonNull(response, "response");
    }

    @Override
    public int payloadBytes() {
      return response.size();
    }
  }

  /**
   * A message to every member that the receiving gateway verticle has in the topic.
   *
   * @param epoch the host's tenure of the partition
   * @param sequence position in the topic, from 1, without gaps for as long as the topic has
   *     members; it starts anew when the last one has left
   * @param except channel of this gateway that does not get it (F-4), 0 for none
   */
  record Broadcast(
      String application,
      String topic,
      long epoch,
      long sequence,
      long except,
      String event,
      RawPayload payload)
      implements GatewayMessage {
    public Broadcast {
      Objects.requireNonNull(application, "application");
      Objects.requireNonNull(topic, "topic");
      Objects.requireNonNull(event, "event");
      Objects.requireNonNull(payload, "payload");
    }

    @Override
    public int payloadBytes() {
      return payload.size();
    }
  }

  /** The channel ended as announced: {@code phx_close} (L-1, L-10). */
  record Closed(long channel) implements GatewayMessage {}

  /**
   * The client has left: the reply to that, and {@code phx_close} behind it (L-1, L-10).
   *
   * @param ref of the client's leave
   */
  record Left(Recipient recipient, @Nullable Ref ref) implements GatewayMessage {
    public Left {
      Objects.requireNonNull(recipient, "recipient");
    }
  }

  /** The channel ended otherwise: {@code phx_error} (L-20). */
  record Crashed(long channel) implements GatewayMessage {}

  /**
   * A connection is to end at this time, whatever was said of it before.
   *
   * @param until in milliseconds since 1970; 0 for no such time
   */
  record Expiry(long socket, long until) implements GatewayMessage {}

  /** Every connection with this id is closed (D-3); published to all gateways. */
  record Disconnect(String id) implements GatewayMessage {
    public Disconnect {
      Objects.requireNonNull(id, "id");
    }
  }
}
