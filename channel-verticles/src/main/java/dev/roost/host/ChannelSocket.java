package dev.roost.host;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Recipient;
import dev.roost.bus.Ref;
import dev.roost.channel.Assigns;
import dev.roost.channel.Payload;
import dev.roost.channel.PayloadWriter;
import dev.roost.channel.Socket;
import dev.roost.channel.SocketRef;
import dev.roost.channel.StopReason;
import dev.roost.presence.Presence;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The socket of one channel process: turns calls into messages, in the order of the calls. */
final class ChannelSocket implements Socket {

  private static final ObjectNode NO_ASSIGNS = JsonNodeFactory.instance.objectNode();

  private static final Instant LAST = Instant.ofEpochMilli(Long.MAX_VALUE);
  private static final Duration MIN_DELAY = Duration.ofMillis(1);
  private static final Duration MAX_DELAY = Duration.ofDays(365);

  private final ChannelProcess process;
  private @Nullable Assigns assigns;
  private @Nullable Ref ref;

  ChannelSocket(ChannelProcess process) {
    this.process = process;
  }

  /** The ref of the message that handleIn works on, null otherwise (M-12). */
  void handling(@Nullable Ref current) {
    ref = current;
  }

  @Override
  public String topic() {
    return process.recipient().topic();
  }

  @Override
  public Optional<String> id() {
    return Optional.ofNullable(process.client().id());
  }

  @Override
  public String transport() {
    return process.client().transport();
  }

  @Override
  public Assigns assigns() {
    if (assigns == null) {
      var mapper = process.runtime().application().mapper();
      RawPayload connect = process.client().assigns();
      JsonNode tree =
          connect.equals(RawPayload.EMPTY_OBJECT)
              ? NO_ASSIGNS
              : new Payload(connect, mapper).tree();
      assigns = new Assigns(mapper, (ObjectNode) tree);
      process.route().assigns().forEach(assigns::put);
    }
    return assigns;
  }

  @Override
  public void push(String event, @Nullable Object payload) {
    requireJoined("push");
    process.send(new GatewayMessage.Push(process.recipient(), event, write(event, payload)));
  }

  @Override
  public void broadcast(String event, @Nullable Object payload) {
    requireJoined("broadcast");
    process.broadcast(event, write(event, payload), false);
  }

  @Override
  public void broadcastFrom(String event, @Nullable Object payload) {
    requireJoined("broadcastFrom");
    process.broadcast(event, write(event, payload), true);
  }

  private RawPayload write(String event, @Nullable Object payload) {
    PayloadWriter writer = process.runtime().writer();
    return writer.requireNames(writer.writeObject(payload), topic(), event);
  }

  @Override
  public Presence presence() {
    return presence(topic());
  }

  @Override
  public Presence presence(String topic) {
    return new ChannelPresence(process, MetaWriter.requireTopic(topic));
  }

  @Override
  public SocketRef ref() {
    requireJoined("ref");
    if (ref == null) {
      throw new IllegalStateException(
          "there is no message to refer to: call ref() in handleIn, on an event that has a ref");
    }
    return new LateReply(process.runtime(), process.gateway(), process.recipient(), ref);
  }

  @Override
  public void sendSelf(Object message) {
    process.info(Objects.requireNonNull(message, "sendSelf has no message: it is null"));
  }

  @Override
  public void sendAfter(Duration delay, Object message) {
    Objects.requireNonNull(delay, "sendAfter has no delay: it is null");
    Objects.requireNonNull(message, "sendAfter has no message: it is null");
    if (delay.compareTo(MAX_DELAY) > 0) {
      throw new IllegalArgumentException(
          "a message can be delayed by " + MAX_DELAY.toDays() + " days at most, got " + delay);
    }
    // Compared before it is converted: not every duration is so many milliseconds.
    long millis = delay.compareTo(MIN_DELAY) < 0 ? MIN_DELAY.toMillis() : delay.toMillis();
    process.infoAfter(millis, message);
  }

  @Override
  public void expireAt(@Nullable Instant time) {
    process.send(new GatewayMessage.Expiry(process.recipient().socket(), millis(time)));
  }

  /** As it crosses the bus: 0 is never, and whatever has passed is the beginning of 1970. */
  static long millis(@Nullable Instant time) {
    if (time == null || time.isAfter(LAST)) {
      return 0;
    }
    return time.isBefore(Instant.EPOCH) ? 1 : Math.max(1, time.toEpochMilli());
  }

  @Override
  public void stop(StopReason reason) {
    process.post(
        new Mail.Stop(
            Objects.requireNonNull(
                reason, "stop has no reason: use StopReason.normal() for none in particular")));
  }

  private void requireJoined(String call) {
    if (!process.isJoined()) {
      throw new IllegalStateException(
          call
              + "() before the join is answered: send yourself a message in join (sendSelf) and"
              + " call it in handleInfo");
    }
  }

  /** Needs the connection, not the channel: it answers even when the channel is over (Y-6). */
  private record LateReply(HostRuntime runtime, String gateway, Recipient recipient, Ref ref)
      implements SocketRef {

    @Override
    public void reply(String status, @Nullable Object response) {
      if (status.isEmpty()) {
        throw new IllegalArgumentException(
            "a reply has a status such as \"ok\" or \"error\", got the empty string");
      }
      PayloadWriter writer = runtime.writer();
      RawPayload raw = writer.requireNames(writer.write(response), recipient.topic(), status);
      runtime.send(gateway, new GatewayMessage.Reply(recipient, ref, status, raw));
    }
  }
}
