package dev.roost.bench;

import dev.roost.bus.Envelope;
import dev.roost.bus.EnvelopeCodec;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import dev.roost.gateway.protocol.ClientMessage;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.Serializer;
import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Frames to messages and back, and messages on the bus; a message of about 200 bytes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {

  private final Serializer v2 = Serializer.negotiate("2.0.0").orElseThrow();
  private final RawPayload payload =
      RawPayload.jsonText(
          "{\"user\":\"ada\",\"at\":1700000000000,\"body\":\"" + "x".repeat(110) + "\"}");
  private final byte[] text =
      ("[\"12\",\"345\",\"room:lobby\",\"new_msg\","
              + new String(payload.bytes(), StandardCharsets.UTF_8)
              + "]")
          .getBytes(StandardCharsets.UTF_8);
  private final Ref joinRef = Ref.ofText("12");
  private final Ref ref = Ref.ofText("345");
  private final EnvelopeCodec codec = new EnvelopeCodec();
  private final Envelope envelope =
      new Envelope(
          "roost.host.0a1b2c3d.1",
          42,
          new GatewayMessage.Broadcast("chat", "room:lobby", 3, 99, 0, "new_msg", payload));
  private final Buffer wire = encoded();

  private Buffer encoded() {
    var buffer = Buffer.buffer();
    codec.encodeToWire(buffer, envelope);
    return buffer;
  }

  /** A text frame, validated and sliced. */
  @Benchmark
  public ClientMessage decodeText() {
    return v2.decodeText(text);
  }

  @Benchmark
  public Optional<Frame> encodeReply() {
    return v2.reply(joinRef, ref, "room:lobby", "ok", payload);
  }

  @Benchmark
  public Optional<Frame> encodeBroadcast() {
    return v2.broadcast("room:lobby", "new_msg", payload);
  }

  @Benchmark
  public Buffer envelopeToWire() {
    return encoded();
  }

  @Benchmark
  public Envelope envelopeFromWire() {
    return codec.decodeFromWire(0, wire);
  }
}
