package dev.roost.gateway.transport;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class AssemblyTest {

  @Test
  void nothingIsAnEmptyMessage() {
    assertArrayEquals(new byte[0], new Assembly().toBytes());
    var assembly = new Assembly();
    assembly.append(Buffer.buffer("x"), 1);
    assertEquals(0, assembly.length());
    assertArrayEquals(new byte[0], assembly.toBytes());
  }

  @Test
  void piecesOfAnyLengthStandBehindEachOther() {
    var random = new Random(1);
    for (int bound : new int[] {2, 600, 70_000, 300_000}) {
      var assembly = new Assembly();
      var expected = new ByteArrayOutputStream();
      for (int i = 0; i < 50; i++) {
        var piece = new byte[random.nextInt(bound)];
        random.nextBytes(piece);
        int from = random.nextInt(piece.length + 1);
        assembly.append(Buffer.buffer(piece), from);
        expected.writeBytes(Arrays.copyOfRange(piece, from, piece.length));
        assertEquals(expected.size(), assembly.length());
      }
      assertArrayEquals(expected.toByteArray(), assembly.toBytes());
      assembly.release();
      assertEquals(0, assembly.length());
    }
  }
}
