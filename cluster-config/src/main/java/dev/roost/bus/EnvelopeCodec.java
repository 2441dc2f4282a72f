package dev.roost.bus;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.MessageCodec;
import java.util.Optional;

/**
 * The one codec of the bus: an octet for the version, the link, an octet for the kind, then the
 * fields in the order of the record. Within a process the same instance is passed on.
 *
 * <p>Reading trusts no peer: bounds are checked first, and an unknown version or kind is a {@link
 * ContractException}.
 */
public final class EnvelopeCodec implements MessageCodec<Envelope, Envelope> {

  /** Its name travels in every message, so it is short. */
  public static final String NAME = "r";

  @Override
  public void encodeToWire(Buffer buffer, Envelope envelope) {
    var out =
        new WireWriter(buffer)
            .octet(Contract.VERSION)
            .text(envelope.from())
            .number(envelope.sequence());
    switch (envelope.message()) {
      case HostMessage message -> write(out, message);
      case GatewayMessage message -> write(out, message);
      case SessionMessage message -> write(out, message);
      case PresenceMessage message -> write(out, message);
      case LinkMessage.Check() -> out.octet(65);
      case LinkMessage.Reset() -> out.octet(66);
      case LinkMessage.Keep m -> out.octet(67).number(m.number()).payload(m.payload());
      case LinkMessage.PushKept m ->
          recipient(out.octet(68), m.recipient()).text(m.event()).number(m.number());
    }
  }

  private static void write(WireWriter out, HostMessage message) {
    switch (message) {
      case HostMessage.Connect m ->
          out.octet(1)
              .number(m.request())
              .text(m.application())
              .text(m.path())
              .text(m.transport())
              .text(m.vsn())
              .payload(m.params())
              .payload(m.info())
              .optionalText(m.origin());
      case HostMessage.Join m -> {
        recipient(out.octet(2).number(m.replaces()).number(m.epoch()), m.recipient());
        ClientInfo client = m.client();
        out.text(client.path())
            .text(client.transport())
            .optionalText(client.id())
            .payload(client.assigns())
            .payload(m.payload());
      }
      case HostMessage.Event m ->
          out.octet(3).number(m.channel()).ref(m.ref()).text(m.event()).payload(m.payload());
      case HostMessage.Leave m -> out.octet(4).number(m.channel()).ref(m.ref());
      case HostMessage.SocketGone m -> {
        out.octet(5).text(m.detail()).number(m.channels().size());
        for (long channel : m.channels()) {
          out.number(channel);
        }
      }
      case HostMessage.BroadcastRequest m ->
          out.octet(6).text(m.topic()).text(m.event()).payload(m.payload());
    }
  }

  private static void write(WireWriter out, GatewayMessage message) {
    switch (message) {
      case GatewayMessage.Connected m ->
          out.octet(33)
              .number(m.request())
              .optionalText(m.id())
              .payload(m.assigns())
              .number(m.until());
      case GatewayMessage.ConnectRefused m ->
          out.octet(34)
              .number(m.request())
              .number(m.status())
              .texts(m.headers(), Contract.MAX_HEADERS)
              .text(m.body());
      case GatewayMessage.Joined m ->
          out.octet(35).number(m.channel()).number(m.epoch()).payload(m.response());
      case GatewayMessage.Refused m -> out.octet(36).number(m.channel()).payload(m.response());
      case GatewayMessage.Push m ->
          recipient(out.octet(37), m.recipient()).text(m.event()).payload(m.payload());
      case GatewayMessage.Reply m ->
          recipient(out.octet(38), m.recipient())
              .ref(m.ref())
              .text(m.status())
              .payload(m.response());
      case GatewayMessage.Broadcast m ->
          out.octet(39)
              .text(m.application())
              .text(m.topic())
              .number(m.epoch())
              .number(m.sequence())
              .number(m.except())
              .text(m.event())
              .payload(m.payload());
      case GatewayMessage.Closed m -> out.octet(40).number(m.channel());
      case GatewayMessage.Left m -> recipient(out.octet(45), m.recipient()).ref(m.ref());
      case GatewayMessage.Crashed m -> out.octet(41).number(m.channel());
      case GatewayMessage.Disconnect m -> out.octet(42).text(m.id());
      case GatewayMessage.NotHosted m -> out.octet(43).number(m.channel());
      case GatewayMessage.Expiry m -> out.octet(44).number(m.socket()).number(m.until());
    }
  }

  private static void write(WireWriter out, SessionMessage message) {
    switch (message) {
      case SessionMessage.Poll m ->
          out.octet(81).number(m.request()).number(m.session()).payload(m.secret());
      case SessionMessage.Publish m ->
          out.octet(82)
              .number(m.request())
              .number(m.session())
              .payload(m.secret())
              .flag(m.batch())
              .payload(m.body());
      case SessionMessage.Abandon m -> out.octet(83).number(m.request()).number(m.session());
      case SessionMessage.Delivered m -> out.octet(85).number(m.request()).number(m.session());
      case SessionMessage.Answer m ->
          out.octet(84).number(m.request()).number(m.status()).payload(m.messages());
    }
  }

  private static void write(WireWriter out, PresenceMessage message) {
    switch (message) {
      case PresenceMessage.Put m ->
          out.octet(97)
              .number(m.request())
              .number(m.tracker())
              .text(m.topic())
              .number(m.epoch())
              .text(m.key())
              .text(m.ref())
              .payload(m.meta());
      case PresenceMessage.Untrack m ->
          out.octet(98)
              .number(m.request())
              .number(m.tracker())
              .text(m.topic())
              .text(m.key())
              .flag(m.hasDied());
      case PresenceMessage.Answer m -> out.octet(99).number(m.request()).octet(code(m.outcome()));
      case PresenceMessage.SyncRequest() -> out.octet(100);
      case PresenceMessage.SyncBegin() -> out.octet(101);
      case PresenceMessage.SyncEnd() -> out.octet(102);
      case PresenceMessage.Query m ->
          out.octet(103).text(m.topic()).optionalText(m.key().orElse(null));
      case PresenceMessage.Claim m -> {
        out.octet(104)
            .number(m.claim())
            .number(m.channel())
            .flag(m.isNew())
            .number(m.presences())
            .number(m.rate())
            .flag(m.name().isPresent());
        m.name().ifPresent(name -> out.text(name.topic()).text(name.key()));
      }
      case PresenceMessage.Claimed m -> out.octet(105).number(m.claim()).octet(code(m.ruling()));
      case PresenceMessage.Release m -> out.octet(106).number(m.channel()).number(m.claim());
      case PresenceMessage.WentWithHost m -> {
        out.octet(107).text(m.topic()).number(m.keys().size());
        m.keys().forEach(out::text);
      }
      case PresenceMessage.Noticed m -> {
        out.octet(108).number(m.channels().size());
        m.channels().forEach(out::number);
      }
    }
  }

  private static int code(PresenceMessage.Outcome outcome) {
    return switch (outcome) {
      case DONE -> 0;
      case NOT_HOSTED -> 1;
      case TOPIC_FULL -> 2;
    };
  }

  private static int code(PresenceMessage.Ruling ruling) {
    return switch (ruling) {
      case GRANTED -> 0;
      case TOO_MANY -> 1;
      case TOO_OFTEN -> 2;
    };
  }

  private static WireWriter recipient(WireWriter out, Recipient recipient) {
    return out.number(recipient.channel())
        .number(recipient.socket())
        .text(recipient.topic())
        .ref(recipient.joinRef());
  }

  @Override
  public Envelope decodeFromWire(int position, Buffer buffer) {
    var in = new WireReader(buffer, position);
    int version = in.octet();
    if (version != Contract.VERSION) {
      throw new ContractException(
          "this node speaks version " + Contract.VERSION + " of the bus contract, got " + version);
    }
    String from = in.text();
    long sequence = in.number();
    BusMessage message = read(in, in.octet());
    if (in.position() != buffer.length()) {
      throw new ContractException(
          (buffer.length() - in.position()) + " bytes behind the end of a message");
    }
    return new Envelope(from, sequence, message);
  }

  // The order of the arguments is the order on the wire: Java evaluates them left to right.
  private static BusMessage read(WireReader in, int kind) {
    return switch (kind) {
      case 1 ->
          new HostMessage.Connect(
              in.number(),
              in.text(),
              in.text(),
              in.text(),
              in.text(),
              in.payload(),
              in.payload(),
              in.optionalText());
      case 2 ->
          new HostMessage.Join(in.number(), in.number(), recipient(in), client(in), in.payload());
      case 3 -> new HostMessage.Event(in.number(), in.ref(), in.text(), in.payload());
      case 4 -> new HostMessage.Leave(in.number(), in.ref());
      case 5 -> {
        String detail = in.text();
        yield new HostMessage.SocketGone(in.numbers(), detail);
      }
      case 6 -> new HostMessage.BroadcastRequest(in.text(), in.text(), in.payload());
      case 33 ->
          new GatewayMessage.Connected(in.number(), in.optionalText(), in.payload(), in.number());
      case 34 ->
          new GatewayMessage.ConnectRefused(
              in.number(), status(in.number()), in.texts(Contract.MAX_HEADERS), in.text());
      case 35 -> new GatewayMessage.Joined(in.number(), in.number(), in.payload());
      case 36 -> new GatewayMessage.Refused(in.number(), in.payload());
      case 37 -> new GatewayMessage.Push(recipient(in), in.text(), in.payload());
      case 38 -> new GatewayMessage.Reply(recipient(in), in.ref(), in.text(), in.payload());
      case 39 ->
          new GatewayMessage.Broadcast(
              in.text(), in.text(), in.number(), in.number(), in.number(), in.text(), in.payload());
      case 40 -> new GatewayMessage.Closed(in.number());
      case 41 -> new GatewayMessage.Crashed(in.number());
      case 42 -> new GatewayMessage.Disconnect(in.text());
      case 43 -> new GatewayMessage.NotHosted(in.number());
      case 45 -> new GatewayMessage.Left(recipient(in), in.ref());
      case 44 -> new GatewayMessage.Expiry(in.number(), in.number());
      case 65 -> new LinkMessage.Check();
      case 66 -> new LinkMessage.Reset();
      case 67 -> new LinkMessage.Keep(in.number(), in.payload());
      case 68 -> new LinkMessage.PushKept(recipient(in), in.text(), in.number());
      case 81 -> new SessionMessage.Poll(in.number(), in.number(), in.payload());
      case 82 ->
          new SessionMessage.Publish(
              in.number(),
              in.number(),
              in.payload(),
              in.flag("form of a published body"),
              in.payload());
      case 83 -> new SessionMessage.Abandon(in.number(), in.number());
      case 84 -> new SessionMessage.Answer(in.number(), status(in.number()), in.payload());
      case 85 -> new SessionMessage.Delivered(in.number(), in.number());
      case 97 ->
          new PresenceMessage.Put(
              in.number(), in.number(), in.text(), in.number(), in.text(), in.text(), in.payload());
      case 98 ->
          new PresenceMessage.Untrack(
              in.number(), in.number(), in.text(), in.text(), in.flag("death of a gateway"));
      case 99 -> new PresenceMessage.Answer(in.number(), outcome(in.octet()));
      case 100 -> new PresenceMessage.SyncRequest();
      case 101 -> new PresenceMessage.SyncBegin();
      case 102 -> new PresenceMessage.SyncEnd();
      case 103 -> new PresenceMessage.Query(in.text(), Optional.ofNullable(in.optionalText()));
      case 104 ->
          new PresenceMessage.Claim(
              in.number(),
              in.number(),
              in.flag("claim of a new presence"),
              limit(in.number()),
              limit(in.number()),
              in.flag("presence of a name")
                  ? Optional.of(new PresenceMessage.Name(in.text(), in.text()))
                  : Optional.empty());
      case 105 -> new PresenceMessage.Claimed(in.number(), ruling(in.octet()));
      case 106 -> new PresenceMessage.Release(in.number(), in.number());
      case 107 ->
          new PresenceMessage.WentWithHost(in.text(), in.textList(Contract.MAX_KEYS_PER_MESSAGE));
      case 108 -> new PresenceMessage.Noticed(in.numbers());
      default -> throw new ContractException("no message has the kind " + kind);
    };
  }

  private static Recipient recipient(WireReader in) {
    return new Recipient(in.number(), in.number(), in.text(), in.ref());
  }

  private static ClientInfo client(WireReader in) {
    return new ClientInfo(in.text(), in.text(), in.optionalText(), in.payload());
  }

  private static PresenceMessage.Outcome outcome(int code) {
    return switch (code) {
      case 0 -> PresenceMessage.Outcome.DONE;
      case 1 -> PresenceMessage.Outcome.NOT_HOSTED;
      case 2 -> PresenceMessage.Outcome.TOPIC_FULL;
      default -> throw new ContractException("no outcome of a presence has the code " + code);
    };
  }

  private static PresenceMessage.Ruling ruling(int code) {
    return switch (code) {
      case 0 -> PresenceMessage.Ruling.GRANTED;
      case 1 -> PresenceMessage.Ruling.TOO_MANY;
      case 2 -> PresenceMessage.Ruling.TOO_OFTEN;
      default -> throw new ContractException("no ruling on a claim has the code " + code);
    };
  }

  private static int limit(long number) {
    if (number < 1 || number > Integer.MAX_VALUE) {
      throw new ContractException("a limit is 1 to " + Integer.MAX_VALUE + ", got " + number);
    }
    return (int) number;
  }

  private static int status(long number) {
    if (number < 100 || number > 599) {
      throw new ContractException("an HTTP status is 100 to 599, got " + number);
    }
    return (int) number;
  }

  @Override
  public Envelope transform(Envelope envelope) {
    return envelope;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public byte systemCodecID() {
    return -1;
  }
}
