package dev.roost.gateway.protocol;

import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Between frames and messages, for one version of the protocol. Stateless; safe for any thread.
 * Follows {@code Phoenix.Socket.Serializer}.
 */
public sealed interface Serializer permits V1Serializer, V2Serializer {

  /** All versions; a connection keeps the one it negotiated (N-7). */
  List<Serializer> ALL = reading(JsonScanner.MAX_DEPTH);

  /**
   * The same versions for messages whose JSON is nested as deep as this.
   *
   * @param maxDepth levels of objects and arrays, inside the message itself
   */
  static List<Serializer> reading(int maxDepth) {
    return List.of(new V1Serializer(maxDepth), new V2Serializer(maxDepth));
  }

  /** Position in {@link #ALL}. */
  int index();

  /** The serializer for a {@code vsn}, empty if none speaks it or it is no version (N-2 to N-6). */
  static Optional<Serializer> negotiate(String vsn) {
    return Version.parse(vsn)
        .flatMap(
            version -> ALL.stream().filter(s -> version.isPatchOf(s.index() + 1, 0)).findFirst());
  }

  /**
   * Reads one message.
   *
   * @param body of a text frame, known to be UTF-8
   * @throws ProtocolException if it is none
   */
  ClientMessage decodeText(byte[] body);

  /** Reads one message from the body of a binary frame. */
  ClientMessage decodeBinary(byte[] body);

  /**
   * A push: a message to one client. Empty, here and below, if this version cannot express it: V1
   * has no binary payloads (S-8), binary frames no names over 255 bytes (B-7).
   */
  Optional<Frame> push(@Nullable Ref joinRef, String topic, String event, RawPayload payload);

  /** A message to every member of a topic. */
  Optional<Frame> broadcast(String topic, String event, RawPayload payload);

  /** The answer to one client message. */
  Optional<Frame> reply(
      @Nullable Ref joinRef, @Nullable Ref ref, String topic, String status, RawPayload response);

  /** {@code phx_close} or {@code phx_error}: the ref position repeats the join_ref (S-13). */
  Frame ended(@Nullable Ref joinRef, String topic, String event, RawPayload payload);
}
