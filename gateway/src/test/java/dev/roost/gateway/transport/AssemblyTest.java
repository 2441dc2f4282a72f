package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.gateway.admission.MessageBudget;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;

class AssemblyTest {

  private final MessageBudget budget = MessageBudget.of(1 << 25);

  @Test
  void nothingIsAnEmptyMessage() {
    assertArrayEquals(new byte[0], new Assembly(budget.share()).toBytes());
    var assembly = new Assembly(budget.share());
    assembly.append(Unpooled.EMPTY_BUFFER);
    assertEquals(0, assembly.length());
    assertArrayEquals(new byte[0], assembly.toBytes());
  }

  @Test
  void piecesOfAnyLengthStandBehindEachOther() {
    var random = new Random(1);
    for (int bound : new int[] {2, 600, 70_000, 300_000}) {
      var assembly = new Assembly(budget.share());
      var expected = new ByteArrayOutputStream();
      for (int i = 0; i < 50; i++) {
        var piece = new byte[random.nextInt(bound)];
        random.nextBytes(piece);
        int from = random.nextInt(piece.length + 1);
        assembly.append(Unpooled.wrappedBuffer(piece, from, piece.length - from));
        expected.writeBytes(Arrays.copyOfRange(piece, from, piece.length));
        assertEquals(expected.size(), assembly.length());
      }
      assertArrayEquals(expected.toByteArray(), assembly.toBytes());
      assembly.release();
      assertEquals(0, assembly.length());
      assertEquals(0, budget.taken());
    }
  }

  @Test
  void eightKibibytesAreNotCounted() {
    var assembly = new Assembly(budget.share());
    for (int i = 0; i < 8; i++) {
      assembly.append(Unpooled.wrappedBuffer(new byte[1_024]));
    }
    assertEquals(0, budget.taken());
    assembly.append(Unpooled.wrappedBuffer(new byte[1]));
    assertTrue(budget.taken() > 0);
    assembly.release();
    assertEquals(0, budget.taken());
  }

  @Test
  void whereThereIsNoRoomNothingIsAppendedAndAllIsGivenBack() throws DataFormatException {
    var small = MessageBudget.of(200_000);
    var other = new Assembly(small.share());
    other.append(Unpooled.wrappedBuffer(new byte[50_000]));
    long held = small.taken();

    var assembly = new Assembly(small.share());
    assertThrows(
        NoRoomException.class,
        () -> {
          while (true) {
            assembly.append(Unpooled.wrappedBuffer(new byte[50_000]));
            assertTrue(small.taken() <= 200_000);
          }
        });
    assembly.release();
    assertEquals(held, small.taken());

    Inflater zeros = zeros(1 << 20);
    assertThrows(
        NoRoomException.class,
        () -> {
          while (assembly.inflate(zeros, 1 << 20) > 0) {
            assertTrue(small.taken() <= 200_000);
          }
        });
    zeros.end();
    assembly.release();
    assertEquals(held, small.taken());
    other.release();
    assertEquals(0, small.taken());
  }

  @Test
  void aLargePieceIsKeptAsItIsAndCountedByWhoMadeIt() {
    ByteBuf large = Unpooled.buffer(100_010).writeZero(100_000);
    large.setByte(99_999, 7).skipBytes(10);
    var assembly = new Assembly(budget.share());
    assembly.append(Unpooled.wrappedBuffer(new byte[] {1}));
    assembly.append(large);
    assembly.append(Unpooled.wrappedBuffer(new byte[] {2}));
    assertEquals(2, large.refCnt());
    assertEquals(99_992, assembly.length());
    assertTrue(budget.taken() < 65_536, "its own chunks alone");
    byte[] message = assembly.toBytes();
    assertArrayEquals(
        new byte[] {1, 0, 0, 7, 2},
        new byte[] {message[0], message[1], message[99_989], message[99_990], message[99_991]});
    assertEquals(100_000, large.writerIndex(), "nothing was written behind it");
    assembly.release();
    assertEquals(1, large.refCnt());
    large.release();
  }

  private static Inflater zeros(int length) {
    var deflater = new Deflater(Deflater.BEST_SPEED, true);
    deflater.setInput(new byte[length]);
    deflater.finish();
    var deflated = new byte[length];
    int size = deflater.deflate(deflated);
    deflater.end();
    var inflater = new Inflater(true);
    inflater.setInput(deflated, 0, size);
    return inflater;
  }
}
