package dev.roost.hosting;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A partition table as bytes, big endian:
 *
 * <pre>
 * octet          version, 1
 * 2 octets       number of inboxes, at most 256
 *   2 octets     length of an inbox, 1 to 512
 *   ..           the inbox in UTF-8
 * 256 times
 *   2 octets     0 for no owner, else the place of its inbox in the list, from 1
 *   8 octets     epoch
 * </pre>
 *
 * <p>Reading believes nothing: what is not exactly this is an IllegalArgumentException.
 */
public final class PartitionTableCodec {

  private static final int VERSION = 1;
  private static final int MAX_INBOX_BYTES = 512;
  private static final int ENTRY_BYTES = 2 + 8;

  private PartitionTableCodec() {}

  /** The table as bytes. */
  public static byte[] encode(PartitionTable table) {
    Map<String, Integer> places = new LinkedHashMap<>();
    for (int partition = 0; partition < PartitionTable.PARTITIONS; partition++) {
      String inbox = table.inbox(partition);
      if (inbox != null) {
        places.putIfAbsent(inbox, places.size() + 1);
      }
    }
    List<byte[]> inboxes =
        places.keySet().stream().map(inbox -> inbox.getBytes(StandardCharsets.UTF_8)).toList();
    int length = 1 + 2 + PartitionTable.PARTITIONS * ENTRY_BYTES;
    for (byte[] inbox : inboxes) {
      if (inbox.length == 0 || inbox.length > MAX_INBOX_BYTES) {
        throw new IllegalArgumentException(
            "an inbox has 1 to " + MAX_INBOX_BYTES + " bytes, got " + inbox.length);
      }
      length += 2 + inbox.length;
    }
    ByteBuffer bytes = ByteBuffer.allocate(length);
    bytes.put((byte) VERSION).putShort((short) inboxes.size());
    for (byte[] inbox : inboxes) {
      bytes.putShort((short) inbox.length).put(inbox);
    }
    for (int partition = 0; partition < PartitionTable.PARTITIONS; partition++) {
      String inbox = table.inbox(partition);
      bytes.putShort((short) (inbox == null ? 0 : places.getOrDefault(inbox, 0).intValue()));
      bytes.putLong(table.epoch(partition));
    }
    return bytes.array();
  }

  /** Throws IllegalArgumentException, saying what was expected, if these bytes are no table. */
  public static PartitionTable decode(byte[] value) {
    ByteBuffer bytes = ByteBuffer.wrap(value);
    need(bytes, 1);
    int version = bytes.get() & 0xff;
    if (version != VERSION) {
      throw refused(
          "is of version " + VERSION + ", got " + version + "; run one version of Roost on all");
    }
    List<String> inboxes = inboxes(bytes);
    var used = new HashSet<String>();
    PartitionTable.Draft table = PartitionTable.empty().change();
    for (int partition = 0; partition < PartitionTable.PARTITIONS; partition++) {
      need(bytes, ENTRY_BYTES);
      int place = bytes.getShort() & 0xffff;
      long epoch = bytes.getLong();
      if (place > inboxes.size()) {
        throw refused("names " + inboxes.size() + " inboxes, got a reference to number " + place);
      }
      if (epoch < 0 || (place > 0 && epoch == 0)) {
        throw refused("has epochs from 0, and from 1 for an owner, got " + epoch);
      }
      if (place == 0) {
        table.set(partition, null, epoch);
      } else {
        used.add(inboxes.get(place - 1));
        table.set(partition, inboxes.get(place - 1), epoch);
      }
    }
    if (bytes.hasRemaining()) {
      throw refused("ends with its last partition, got " + bytes.remaining() + " bytes more");
    }
    if (used.size() != inboxes.size()) {
      throw refused("names each inbox once, and those only that host something, got " + inboxes);
    }
    return table.made();
  }

  private static List<String> inboxes(ByteBuffer bytes) {
    need(bytes, 2);
    int count = bytes.getShort() & 0xffff;
    if (count > PartitionTable.PARTITIONS) {
      throw refused("has at most " + PartitionTable.PARTITIONS + " inboxes, got " + count);
    }
    var inboxes = new ArrayList<String>(count);
    for (int i = 0; i < count; i++) {
      need(bytes, 2);
      int length = bytes.getShort() & 0xffff;
      if (length == 0 || length > MAX_INBOX_BYTES) {
        throw refused("has inboxes of 1 to " + MAX_INBOX_BYTES + " bytes, got " + length);
      }
      need(bytes, length);
      ByteBuffer text = bytes.slice(bytes.position(), length);
      bytes.position(bytes.position() + length);
      try {
        inboxes.add(StandardCharsets.UTF_8.newDecoder().decode(text).toString());
      } catch (CharacterCodingException e) {
        throw refused("has inboxes in UTF-8, got other bytes");
      }
    }
    return inboxes;
  }

  private static void need(ByteBuffer bytes, int count) {
    if (bytes.remaining() < count) {
      throw refused("is cut: " + count + " bytes due, " + bytes.remaining() + " left");
    }
  }

  private static IllegalArgumentException refused(String defect) {
    return new IllegalArgumentException("a partition table in the registry " + defect);
  }
}
