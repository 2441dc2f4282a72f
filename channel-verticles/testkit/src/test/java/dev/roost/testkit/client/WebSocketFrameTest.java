package dev.roost.testkit.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Frames against the examples of RFC 6455, section 5.7. */
class WebSocketFrameTest {

  private static final byte[] KEY = HexFormat.of().parseHex("37fa213d");

  private static String hex(WebSocketFrame frame) {
    byte[] bytes = frame.bytes();
    return HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, 16));
  }

  private static WebSocketFrame masked(WebSocketFrame frame) {
    return new WebSocketFrame(frame.fin(), frame.rsv(), frame.opcode(), KEY, frame.payload());
  }

  @Test
  void theExamplesOfTheRfc() {
    assertEquals("810548656c6c6f", hex(WebSocketFrame.text("Hello").unmasked()));
    assertEquals("818537fa213d7f9f4d5158", hex(masked(WebSocketFrame.text("Hello"))));
    assertEquals("010348656c", hex(WebSocketFrame.text("Hel").withoutFin().unmasked()));
    assertEquals("80026c6f", hex(WebSocketFrame.continuation(new byte[] {'l', 'o'}).unmasked()));
    assertEquals("890548656c6c6f", hex(WebSocketFrame.ping("Hello").unmasked()));
    assertEquals("8a8537fa213d7f9f4d5158", hex(masked(WebSocketFrame.pong("Hello"))));
    assertEquals("827e0100", hex(WebSocketFrame.binary(new byte[256]).unmasked()).substring(0, 8));
    assertEquals(
        "827f0000000000010000",
        hex(WebSocketFrame.binary(new byte[65_536]).unmasked()).substring(0, 20));
  }

  @Test
  void reservedBitsAndCloseCodes() {
    assertEquals("f105", hex(WebSocketFrame.text("Hello").withRsv(7).unmasked()).substring(0, 4));
    assertEquals("880403e86279", hex(WebSocketFrame.close(1000, "by").unmasked()));
    assertEquals(1000, WebSocketFrame.close(1000, "").closeCode());
    assertEquals(1005, WebSocketFrame.of(WebSocketFrame.CLOSE, new byte[0]).closeCode());
  }
}
