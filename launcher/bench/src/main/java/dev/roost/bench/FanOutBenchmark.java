package dev.roost.bench;

import dev.roost.bus.Addresses;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.BusMessage;
import dev.roost.bus.ClientInfo;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import dev.roost.cluster.ClusterNode;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.admission.MessageBudget;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.socket.ClientSocket;
import dev.roost.gateway.socket.Connection;
import dev.roost.gateway.socket.SharedFrame;
import dev.roost.gateway.socket.SocketTable;
import dev.roost.gateway.workers.Workers;
import dev.roost.hosting.PartitionTable;
import dev.roost.routing.Advertisement;
import dev.roost.routing.RoutePattern;
import dev.roost.routing.SocketLimits;
import dev.roost.routing.SocketOptions;
import io.vertx.core.Vertx;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One broadcast to all members of a topic on a gateway, up to the transport; time for all of them.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FanOutBenchmark {

  private static final String TOPIC = "room:lobby";

  @Param({"10", "1000"})
  private int members;

  private Vertx vertx;
  private ClusterNode node;
  private SocketTable table;
  private long sequence;
  private final RawPayload payload = RawPayload.jsonText("{\"body\":\"" + "x".repeat(110) + "\"}");

  @Setup
  public void join() throws InterruptedException {
    vertx = Vertx.vertx();
    node = ClusterNode.local(vertx);
    node.advertise(
            new Advertisement(
                "bench",
                List.of("/socket"),
                Map.of("/socket", SocketOptions.defaults()),
                List.of(new RoutePattern("room:*")),
                List.of(Addresses.host(node.name(), 1))))
        .await();
    while (node.snapshot().partitions().owner("bench", PartitionTable.partition(TOPIC)).isEmpty()) {
      Thread.sleep(10);
    }
    table =
        new SocketTable(
            node,
            new BusEndpoint(vertx, "bench", new Nobody()),
            Workers.forMessages(vertx),
            MessageBudget.of(vertx, GatewayLimits.defaults().maxUnfinishedBytes()),
            GatewayMetrics.none(),
            GatewayLimits.defaults().refusalsPerSecond());
    var serializer = Serializer.negotiate("2.0.0").orElseThrow();
    var info = new ClientInfo("/socket", "websocket", null, RawPayload.EMPTY_OBJECT);
    byte[] join = "[\"1\",\"1\",\"room:lobby\",\"phx_join\",{}]".getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < members; i++) {
      ClientSocket socket = table.open(new Counter(), serializer, info, SocketLimits.defaults());
      socket.receiveText(join);
      // Numbers count up: the channel's follows its socket's.
      table.receive(new GatewayMessage.Joined(socket.number() + 1, 1, RawPayload.EMPTY_OBJECT));
    }
    if (broadcast() != members) {
      throw new IllegalStateException("not every member gets a broadcast");
    }
  }

  @TearDown
  public void close() {
    node.close().await();
    vertx.close().await();
  }

  @Benchmark
  public long broadcast() {
    table.receive(
        new GatewayMessage.Broadcast("bench", TOPIC, 1, ++sequence, 0, "new_msg", payload));
    return table.deliveries();
  }

  private static final class Nobody implements BusEndpoint.Receiver {
    @Override
    public void receive(String from, BusMessage message) {}

    @Override
    public void lost(String from) {}
  }

  /** Takes frames as a transport does, without a network behind it. */
  private static final class Counter implements Connection {
    private long bytes;

    @Override
    public void send(Frame frame) {
      bytes += frame.body().length;
    }

    @Override
    public void send(SharedFrame frame) {
      bytes += frame.frame().body().length;
    }

    @Override
    public void close(int code) {
      throw new IllegalStateException("closed with " + code + " after " + bytes + " bytes");
    }

    @Override
    public void abort() {}

    @Override
    public void pause() {}

    @Override
    public void resume() {}

    @Override
    public void checkIdle(long now) {}
  }
}
