package dev.roost.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.Contract;
import dev.roost.gateway.edge.EdgeOptions;
import java.time.Duration;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GatewayOptionsTest {

  private static final GatewayOptions DEFAULTS = GatewayOptions.defaults();

  /** W-10, W-12. */
  @Test
  void theLimitsOfFramesAndMessagesArePhoenixs() {
    assertEquals(10_000_000, DEFAULTS.maxFrameBytes());
    assertEquals(8_000_000, DEFAULTS.maxMessageBytes());
  }

  @Test
  void oneOptionIsChangedAndTheOthersStay() {
    GatewayOptions changed = DEFAULTS.withPort(0).withPublicHost("chat.example");
    assertEquals(0, changed.port());
    assertEquals("chat.example", changed.publicHost());
    assertEquals(DEFAULTS, changed.withPort(DEFAULTS.port()).withPublicHost(null));
  }

  /** A client could tear the link to a host with what the bus does not carry. */
  @Test
  void framesAndMessagesAreNoLargerThanTheBusCarries() {
    int most = Contract.MAX_PAYLOAD_BYTES;
    assertEquals(most, DEFAULTS.withMaxFrameBytes(most).maxFrameBytes());
    assertEquals(most, DEFAULTS.withMaxMessageBytes(most).maxMessageBytes());
    var error =
        assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withMaxMessageBytes(most + 1));
    assertEquals(
        "maxMessageBytes is at most 16777216, which is what the bus carries, got 16777217",
        error.getMessage());
    assertThrows(IllegalArgumentException.class, () -> DEFAULTS.withMaxFrameBytes(most + 1));
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        mistake("port", o -> o.withPort(65_536)),
        mistake("port", o -> o.withPort(-1)),
        mistake("maxFrameBytes", o -> o.withMaxFrameBytes(1_023)),
        mistake("maxMessageBytes", o -> o.withMaxMessageBytes(1_023)),
        mistake("maxRequestLineBytes", o -> o.withMaxRequestLineBytes(255)),
        mistake("maxHeaderBytes", o -> o.withMaxHeaderBytes(1_023)),
        mistake("maxPendingConnects", o -> o.withMaxPendingConnects(0)),
        mistake("maxQueuedBytes", o -> o.withMaxQueuedBytes(1_023)),
        mistake("handshakeTimeout", o -> o.withHandshakeTimeout(Duration.ZERO)),
        mistake("connectTimeout", o -> o.withConnectTimeout(Duration.ZERO)),
        mistake("writeTimeout", o -> o.withWriteTimeout(Duration.ZERO)),
        mistake("drainSockets", o -> o.withDrainSockets(0)),
        mistake("drainInterval", o -> o.withDrainInterval(Duration.ZERO)),
        mistake("drainTimeout", o -> o.withDrainTimeout(Duration.ZERO)),
        mistake(
            "httpRedirectPort",
            o -> o.withEdge(EdgeOptions.defaults().withHttpRedirectPort(65_536))),
        mistake("closeTimeout", o -> o.withCloseTimeout(Duration.ofSeconds(-1))));
  }

  private static Arguments mistake(String option, UnaryOperator<GatewayOptions> change) {
    return Arguments.of(option, change);
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aValueThatCannotWorkIsRefusedAndNamed(String option, UnaryOperator<GatewayOptions> change) {
    var error = assertThrows(IllegalArgumentException.class, () -> change.apply(DEFAULTS));
    assertTrue(error.getMessage().startsWith(option + " is "), error.getMessage());
  }
}
