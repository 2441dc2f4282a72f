package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a connection to the port of a bus may bring. */
class BusGuardTest {

  private static final int PORT = 5711;

  private final EmbeddedChannel connection = accepted(PORT);

  /** A connection that came to this port, of a node whose bus is at {@link #PORT}. */
  private static EmbeddedChannel accepted(int port) {
    BusGuard guard = BusGuard.ofAny();
    guard.port(PORT);
    return accepted(guard, port);
  }

  private static EmbeddedChannel accepted(BusGuard guard, int port) {
    var server =
        new EmbeddedChannel(guard) {
          @Override
          protected SocketAddress localAddress0() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
          }
        };
    var connection = new EmbeddedChannel();
    server.writeInbound(connection);
    assertEquals(connection, server.readInbound());
    return connection;
  }

  private static ByteBuf message(int length) {
    return Unpooled.buffer().writeInt(length).writeZero(length);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 1_000})
  void messagesPassHoweverTheyAreCut(int piece) {
    ByteBuf all = Unpooled.buffer();
    for (int length = 1; length < 300; length += 7) {
      all.writeBytes(message(length));
    }
    int octets = all.readableBytes();
    while (all.isReadable()) {
      connection.writeInbound(all.readBytes(Math.min(piece, all.readableBytes())));
    }
    int passed = 0;
    for (ByteBuf read; (read = connection.readInbound()) != null; ) {
      passed += read.readableBytes();
      read.release();
    }
    all.release();
    assertEquals(octets, passed);
    assertTrue(connection.isOpen());
  }

  @Test
  void theLongestPasses() {
    connection.writeInbound(Unpooled.buffer().writeInt(BusGuard.MOST));
    assertTrue(connection.isOpen());
    connection.releaseInbound();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, Integer.MIN_VALUE, BusGuard.MOST + 1, Integer.MAX_VALUE})
  void aLengthOfNoMessageCloses(int length) {
    connection.writeInbound(message(20));
    connection.releaseInbound();
    ByteBuf garbage = Unpooled.buffer().writeInt(length).writeInt(7);
    connection.writeInbound(garbage);
    assertFalse(connection.isOpen());
    assertNull(connection.readInbound());
    assertEquals(0, garbage.refCnt());
  }

  @Test
  void aRequestOfHttpClosesWithItsFourthOctet() {
    connection.writeInbound(Unpooled.copiedBuffer("GET", StandardCharsets.US_ASCII));
    assertTrue(connection.isOpen());
    connection.releaseInbound();
    connection.writeInbound(Unpooled.copiedBuffer(" / HTTP/1.1", StandardCharsets.US_ASCII));
    assertFalse(connection.isOpen());
    assertNull(connection.readInbound());
  }

  @Test
  void whoComesBeforeThePortIsKnownIsLookedAt() {
    BusGuard guard = BusGuard.ofAny();
    EmbeddedChannel early = accepted(guard, PORT);
    guard.port(PORT);
    early.writeInbound(Unpooled.copiedBuffer("GET / HTTP/1.1", StandardCharsets.US_ASCII));
    assertFalse(early.isOpen());
  }

  @Test
  void aNodeWhoseBusHasTlsOrThatHasNoneLooksAtNothing() {
    BusGuard guard = BusGuard.ofNone();
    guard.port(PORT);
    EmbeddedChannel handshake = accepted(guard, PORT);
    handshake.writeInbound(Unpooled.copiedBuffer("\26\3\1\2\0", StandardCharsets.US_ASCII));
    assertTrue(handshake.isOpen());
    assertTrue(handshake.releaseInbound());
  }

  @Test
  void otherPortsAreLeftAlone() {
    EmbeddedChannel page = accepted(4000);
    page.writeInbound(Unpooled.copiedBuffer("GET / HTTP/1.1", StandardCharsets.US_ASCII));
    assertTrue(page.isOpen());
    assertTrue(page.releaseInbound());
  }
}
