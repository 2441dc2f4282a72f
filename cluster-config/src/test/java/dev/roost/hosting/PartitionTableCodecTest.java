package dev.roost.hosting;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PartitionTableCodecTest {

  private static final String NOBODY = "0000 0000000000000000";

  /** Partitions 0 to 3 as in the arguments, all others without owner and epoch. */
  private static byte[] bytes(String head, String... entries) {
    var hex = new StringBuilder(head);
    for (int i = 0; i < PartitionTable.PARTITIONS; i++) {
      hex.append(i < entries.length ? entries[i] : NOBODY);
    }
    return HexFormat.of().parseHex(hex.toString().replace(" ", ""));
  }

  @Test
  void aTableIsWrittenFieldByField() {
    PartitionTable table =
        PartitionTable.empty()
            .with(0, "b", 5)
            .with(1, "\u00e4", 0x0102030405060708L)
            .with(2, null, 7)
            .with(3, "b", 6);
    byte[] expected =
        bytes(
            "01 0002 0001 62 0002 c3a4",
            "0001 0000000000000005",
            "0002 0102030405060708",
            "0000 0000000000000007",
            "0001 0000000000000006");
    assertArrayEquals(expected, PartitionTableCodec.encode(table));
    assertEquals(table, PartitionTableCodec.decode(expected));
  }

  @Test
  void anEmptyTableNamesNobody() {
    byte[] expected = bytes("01 0000");
    assertArrayEquals(expected, PartitionTableCodec.encode(PartitionTable.empty()));
    assertEquals(PartitionTable.empty(), PartitionTableCodec.decode(expected));
  }

  @Test
  void aTableMayHaveAHostForEachPartition() {
    PartitionTable.Draft draft = PartitionTable.empty().change();
    IntStream.range(0, PartitionTable.PARTITIONS)
        .forEach(partition -> draft.set(partition, "host" + partition, partition + 1L));
    PartitionTable table = draft.made();
    assertEquals(table, PartitionTableCodec.decode(PartitionTableCodec.encode(table)));
  }

  @Test
  void aTableThatIsCutAnywhereIsRefused() {
    byte[] whole = PartitionTableCodec.encode(PartitionTable.empty().with(0, "inbox", 1));
    for (int length = 0; length < whole.length; length++) {
      byte[] cut = Arrays.copyOf(whole, length);
      assertTrue(refusal(cut).contains("is cut"), "cut at " + length);
    }
  }

  @Test
  void aTableThatGoesOnIsRefused() {
    byte[] whole = PartitionTableCodec.encode(PartitionTable.empty());
    assertTrue(refusal(Arrays.copyOf(whole, whole.length + 1)).contains("1 bytes more"));
  }

  @ParameterizedTest
  @CsvSource({
    "00 0000,                version 1",
    "02 0000,                version 1",
    "01 0101,                at most 256 inboxes",
    "01 ffff,                at most 256 inboxes",
    "01 0001 0000,           1 to 512 bytes",
    "01 0001 0201,           1 to 512 bytes",
    "01 0001 0002 c328,      UTF-8",
    "01 0001 0001 61,        only that host something",
    "01 0002 0001 61 0001 61,only that host something",
  })
  void aHeadThatIsNotAsItShouldBeIsRefused(String head, String defect) {
    String message = refusal(bytes(head));
    assertTrue(message.contains(defect), message);
  }

  @ParameterizedTest
  @CsvSource({
    "0002 0000000000000001, number 2",
    "ffff 0000000000000001, number 65535",
    "0001 0000000000000000, epochs",
    "0001 ffffffffffffffff, epochs",
    "0000 8000000000000000, epochs",
  })
  void anEntryThatIsNotAsItShouldBeIsRefused(String entry, String defect) {
    String message = refusal(bytes("01 0001 0001 61", "0001 0000000000000001", entry));
    assertTrue(message.contains(defect), message);
  }

  @Test
  void anInboxThatDoesNotFitIsNotWritten() {
    PartitionTable table = PartitionTable.empty().with(0, "x".repeat(513), 1);
    assertThrows(IllegalArgumentException.class, () -> PartitionTableCodec.encode(table));
    PartitionTable fits = PartitionTable.empty().with(0, "x".repeat(512), 1);
    assertEquals(fits, PartitionTableCodec.decode(PartitionTableCodec.encode(fits)));
  }

  private static String refusal(byte[] bytes) {
    return assertThrows(IllegalArgumentException.class, () -> PartitionTableCodec.decode(bytes))
        .getMessage();
  }
}
