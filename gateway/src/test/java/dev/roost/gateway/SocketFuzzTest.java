package dev.roost.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.code_intelligence.jazzer.api.BugDetectors;
import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.roost.gateway.protocol.Serializer;
import io.vertx.core.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.slf4j.LoggerFactory;

/**
 * Any octets behind the upgrade, over TCP, against an HTTP server with a gateway and a host behind
 * it: pings are answered, the connection is closed exactly if {@link FrameJudge} says so and with
 * the code that it says, what comes back are frames of JSON, and nothing of a socket stays.
 * Coverage-guided when fuzzed ({@code .ci/fuzz}), otherwise over the kept inputs.
 */
class SocketFuzzTest {

  private static final String MARKER = "are you there";

  private static final int LONGEST_WAIT_MS = 20_000;

  private static final ListAppender<ILoggingEvent> ERRORS = new ListAppender<>();
  private static final FuzzedServer SERVER = started();
  private static final int PORT = SERVER.listen();

  private static FuzzedServer started() {
    var logger = (Logger) LoggerFactory.getLogger("dev.roost");
    logger.setLevel(Level.ERROR);
    logger.setAdditive(false);
    ((Logger) LoggerFactory.getLogger("io.netty")).setLevel(Level.WARN);
    ERRORS.start();
    logger.addAppender(ERRORS);
    try {
      return FuzzedServer.start();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  // The first octet says how the socket is opened and how the rest is cut. Masks are zero here.
  @DictionaryEntries({
    "\\x81\\x80\\x00\\x00\\x00\\x00",
    "\\x01\\x85\\x00\\x00\\x00\\x00",
    "\\x80\\x80\\x00\\x00\\x00\\x00",
    "\\x00\\x80\\x00\\x00\\x00\\x00",
    "\\x89\\x82\\x00\\x00\\x00\\x00hi",
    "\\x8a\\x80\\x00\\x00\\x00\\x00",
    "\\x88\\x82\\x00\\x00\\x00\\x00\\x03\\xe8",
    "\\x82\\xfe\\x00\\x7e\\x00\\x00\\x00\\x00",
    "\\xc1\\x87\\x00\\x00\\x00\\x00\\xaa\\x56\\x4a\\x54\\xb2\\x02\\x00",
    "\\x00\\x01\\x01\\x06\\x05",
    "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]",
    "[null,\"1\",\"phoenix\",\"heartbeat\",{}]",
    "{\"topic\":\"phoenix\",\"event\":\"heartbeat\",\"payload\":{},\"ref\":\"1\"}",
    "\"phx_leave\""
  })
  @FuzzTest(maxDuration = "24h")
  void anyOctetsBehindAnUpgradeAreAnsweredAsTheRfcSays(byte[] input) throws IOException {
    // Jazzer looks for who connects where he should not.
    BugDetectors.allowNetworkConnections();
    int options = input.length == 0 ? 0 : input[0];
    boolean isVersionOne = (options & 1) != 0;
    boolean deflates = (options & 2) != 0;
    byte[] octets = input.length == 0 ? input : Arrays.copyOfRange(input, 1, input.length);
    var judge =
        new FrameJudge(Serializer.ALL.get(isVersionOne ? 0 : 1), deflates, FuzzedServer.BOUNDS);
    byte[] script = completed(octets, judge);
    try (var client = FuzzingClient.open(PORT, isVersionOne ? "1.0.0" : "2.0.0", deflates)) {
      client.write(script, piece(options, script.length));
      check(client, judge);
    } finally {
      judge.end();
    }
    expectNothingLeft();
  }

  private static int piece(int options, int length) {
    return switch (options >> 2 & 3) {
      case 0 -> length;
      case 1 -> length / 2 + 1;
      case 2 -> length / 5 + 1;
      default -> length / 17 + 1;
    };
  }

  /**
   * The octets up to where the connection is to be closed, which ends it at once; else all, with
   * what is missing of the last frame and a ping.
   */
  private static byte[] completed(byte[] octets, FrameJudge judge) {
    var script = new ByteArrayOutputStream();
    for (int i = 0; (i < octets.length || judge.isWithinFrame()) && !judge.isOver(); i++) {
      byte octet = i < octets.length ? octets[i] : 0;
      script.write(octet);
      judge.take(octet);
    }
    if (!judge.isOver()) {
      script.writeBytes(new byte[] {(byte) 0x89, (byte) (0x80 | MARKER.length()), 0, 0, 0, 0});
      script.writeBytes(MARKER.getBytes(ISO_8859_1));
    }
    return script.toByteArray();
  }

  private static void check(FuzzingClient client, FrameJudge judge) throws IOException {
    List<String> expected = new ArrayList<>(judge.pings());
    if (!judge.isOver()) {
      expected.add(MARKER);
    }
    List<String> pongs = new ArrayList<>();
    while (judge.isOver() || pongs.size() < expected.size()) {
      FuzzingClient.Frame frame = client.read();
      switch (frame.opcode()) {
        case 1 -> assertTrue(Json.decodeValue(frame.text()) != null, frame::text);
        case 2 -> assertTrue(frame.payload().length > 3, "a binary frame has a head");
        case 8 -> {
          assertTrue(
              judge.closes().contains(frame.closeCode()),
              () -> "closed with " + frame.closeCode() + ", not with one of " + judge.closes());
          assertEquals(expected, pongs);
          return;
        }
        default -> pongs.add(new String(frame.payload(), ISO_8859_1));
      }
    }
    assertEquals(expected, pongs);
  }

  /** As soon as the server has seen that the client is gone. */
  private static void expectNothingLeft() {
    var done = new CompletableFuture<List<Integer>>();
    List<Integer> left =
        SERVER.run(done, () -> count(System.nanoTime() + LONGEST_WAIT_MS * 1_000_000L, done));
    assertEquals(List.of(0, 0, 0), left, "sockets, channels, bytes of unfinished messages");
    assertEquals(List.of(), ERRORS.list, "logged as errors");
  }

  private static void count(long deadline, CompletableFuture<List<Integer>> done) {
    List<Integer> left =
        List.of(
            SERVER.gateway().sockets().socketCount(),
            SERVER.gateway().sockets().channelCount(),
            (int) SERVER.taken());
    if (left.equals(List.of(0, 0, 0)) || System.nanoTime() > deadline) {
      done.complete(left);
    } else {
      SERVER.afterReading(() -> count(deadline, done));
    }
  }
}
