package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.gateway.admission.MessageBudget;
import io.vertx.core.buffer.Buffer;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CompressionTest {

  private static final String AGREED = "permessage-deflate; client_no_context_takeover";

  private final MessageBudget budget = MessageBudget.of(1 << 25);
  private final Compression compression = new Compression();

  private final List<Assembly> assemblies = new ArrayList<>();

  @AfterEach
  void release() {
    assemblies.forEach(Assembly::release);
    assertEquals(0, budget.taken());
  }

  private Assembly assembly() {
    var made = new Assembly(budget.share());
    assemblies.add(made);
    return made;
  }

  private static Inflation.Step step(int bytes) {
    return new Inflation.Step(bytes, 1_000);
  }

  private byte[] inflated(byte[] deflated) throws DataFormatException {
    var message = assembly();
    Inflation inflation = compression.inflation();
    inflation.begin(deflated, true);
    Inflation.Progress progress;
    do {
      progress = inflation.append(message, new Inflation.Step(100, 1), 1 << 24);
    } while (progress == Inflation.Progress.MORE);
    assertEquals(Inflation.Progress.DONE, progress);
    compression.giveBack(inflation);
    return message.toBytes();
  }

  /** The next piece may never come; what is done is not counted any more. */
  @Test
  void aPieceIsForgottenWhenItIsDone() throws Exception {
    Inflation inflation = compression.inflation();
    byte[] piece = new byte[5 * 100_000]; // Stored blocks without an octet, none of them the last.
    for (int i = 0; i < piece.length; i += 5) {
      piece[i + 3] = piece[i + 4] = (byte) 0xff;
    }
    inflation.begin(piece, false);
    assertEquals(Inflation.Progress.DONE, inflation.append(assembly(), step(1_000), 1_000));
    var held = new WeakReference<>(piece);
    piece = null;
    for (int i = 0; i < 100 && held.get() != null; i++) {
      System.gc();
      Thread.sleep(10);
    }
    assertTrue(held.get() == null, "the piece is still held");
    inflation.end();
  }

  /* ---- offers */

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "permessage-deflate | ",
        "permessage-deflate; client_max_window_bits | ",
        "Permessage-Deflate;client_max_window_bits=9 | ",
        "permessage-deflate; client_no_context_takeover | ",
        "permessage-deflate; server_no_context_takeover | ; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=\"15\" | ; server_max_window_bits=15",
        "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits | ",
        "permessage-deflate; server_max_window_bits=10, permessage-deflate | "
      })
  void anOfferThatCanBeKeptIsAccepted(String offer, String more) {
    assertEquals(
        Optional.of(AGREED + (more == null ? "" : more)), Compression.answer(List.of(offer)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "permessage-foo",
        "x-webkit-deflate-frame",
        "permessage-deflate; server_max_window_bits=10",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; something",
        "permessage-deflate;"
      })
  void anyOtherIsNot(String offer) {
    assertEquals(Optional.empty(), Compression.answer(List.of(offer)));
  }

  @Test
  void offersMayStandInSeveralHeaders() {
    assertEquals(
        Optional.of(AGREED), Compression.answer(List.of("something", "permessage-deflate")));
    assertEquals(Optional.empty(), Compression.answer(List.of()));
  }

  /* ---- out */

  @ParameterizedTest
  @ValueSource(ints = {128, 1_000, 100_000, 1 << 20})
  void whatIsDeflatedStandsByItself(int length) throws DataFormatException {
    byte[] body =
        "a piece of text, "
            .repeat(length / 17 + 1)
            .substring(0, length)
            .getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < 3; i++) {
      byte[] deflated = compression.deflate(body);
      assertTrue(deflated != null && deflated.length < length);
      assertArrayEquals(body, inflated(deflated));
    }
  }

  @Test
  void whatWouldGainNothingIsSentAsItIs() {
    var noise = new byte[10_000];
    new Random(1).nextBytes(noise);
    assertNull(compression.deflate(noise));
    assertNull(compression.deflate(new byte[127]));
    assertNull(compression.deflate(new byte[(1 << 20) + 1]));
  }

  /* ---- in */

  @Test
  void aBombIsNotInflatedBeyondTheLimit() throws DataFormatException {
    byte[] bomb = compression.deflate(new byte[1 << 20]);
    assertTrue(bomb != null && bomb.length < 10_000);
    var message = assembly();
    Inflation inflation = compression.inflation();
    inflation.begin(bomb, true);
    assertEquals(Inflation.Progress.MORE, inflation.append(message, step(20_000), 50_000));
    assertTrue(message.length() >= 20_000 && message.length() < 40_000);
    assertEquals(Inflation.Progress.TOO_LONG, inflation.append(message, step(100_000), 50_000));
    assertEquals(50_001, message.length());
  }

  @Test
  void whatWasBegunByOneMessageIsNotInTheNext() throws DataFormatException {
    byte[] bomb = compression.deflate(new byte[1 << 20]);
    byte[] text = "other ".repeat(100).getBytes(StandardCharsets.UTF_8);
    Inflation broken = compression.inflation();
    assertTrue(bomb != null);
    broken.begin(bomb, true);
    assertEquals(Inflation.Progress.TOO_LONG, broken.append(assembly(), step(100), 10));
    compression.giveBack(broken);
    byte[] deflated = compression.deflate(text);
    assertTrue(deflated != null);
    assertArrayEquals(text, inflated(deflated));
  }

  private static byte[] lastBlock(String text) {
    var deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    deflater.setInput(text.getBytes(StandardCharsets.UTF_8));
    deflater.finish();
    var block = new byte[100];
    int length = deflater.deflate(block);
    deflater.end();
    return java.util.Arrays.copyOf(block, length);
  }

  @Test
  void aLastBlockMayBeFollowedByMore() throws DataFormatException { // RFC 7692, section 7.2.3.4
    byte[] hello = lastBlock("Hello");
    var message =
        Buffer.buffer(hello).appendBytes(lastBlock(", you")).appendByte((byte) 0).getBytes();
    assertEquals("Hello, you", new String(inflated(message), StandardCharsets.UTF_8));
  }

  @Test
  void lastBlocksWithoutEndAreNoMessage() {
    var message = Buffer.buffer();
    for (int i = 0; i < 2_000; i++) {
      message.appendBytes(lastBlock(""));
    }
    Inflation inflation = compression.inflation();
    inflation.begin(message.getBytes(), true);
    assertThrows(DataFormatException.class, () -> inflation.append(assembly(), step(1_000), 1_000));
  }

  /* Each costs its receiver something: as many as fit into a frame must not be one piece of work. */
  @Test
  void whatInflatesToNothingIsInflatedInStepsToo() throws DataFormatException {
    byte[] hello = lastBlock("Hello");
    var blocks = Buffer.buffer();
    for (int i = 0; i < 20_000; i++) {
      blocks.appendBytes(new byte[] {0, 0, 0, (byte) 0xff, (byte) 0xff}); // stored, empty
    }
    Inflation inflation = compression.inflation();
    inflation.begin(blocks.appendBytes(hello).getBytes(), true);
    var message = assembly();
    var step = new Inflation.Step(1_000, 5); // of 100,000 octets, 20,480 each time
    for (int i = 0; i < 4; i++) {
      assertEquals(Inflation.Progress.MORE, inflation.append(message, step, 1_000));
      assertEquals(0, message.length());
    }
    assertEquals(Inflation.Progress.DONE, inflation.append(message, step, 1_000));
    assertEquals("Hello", new String(message.toBytes(), StandardCharsets.UTF_8));
  }
}
