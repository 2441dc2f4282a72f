package dev.roost.gateway.transport;

import dev.roost.gateway.admission.MessageBudget;
import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * A message that is put together from pieces, and joined when all are there. Used by one thread at
 * a time.
 */
final class Assembly {

  /*
   * A Buffer that grows doubles and copies all that it has, for one more octet 8 MB, and what it held
   * before is left to the collector. Here each octet is copied once into a chunk and once out of it.
   */
  private final List<ByteBuf> chunks = new ArrayList<>(1);
  private final MessageBudget.Share share;
  private int length;

  /** Octets that its own chunks have room for. */
  private int held;

  /**
   * Nothing yet.
   *
   * @param share what the chunks are counted in
   */
  Assembly(MessageBudget.Share share) {
    this.share = share;
  }

  /** Octets so far. */
  int length() {
    return length;
  }

  /**
   * Appends what can be read from a buffer. A large one is kept as it is, and counted as it was.
   *
   * @throws NoRoomException if there is none for it
   */
  void append(ByteBuf piece) {
    if (piece.readableBytes() > MessageChunk.LARGEST) {
      chunks.add(piece.retainedSlice().asReadOnly());
      length += piece.readableBytes();
      return;
    }
    while (piece.isReadable()) {
      ByteBuf chunk = chunkWithRoom();
      int count = Math.min(piece.readableBytes(), chunk.writableBytes());
      chunk.writeBytes(piece, count);
      length += count;
    }
  }

  /**
   * Appends what comes of deflated data, as much as fits into a chunk.
   *
   * @param most octets to append
   * @return how many were appended
   * @throws DataFormatException if that is no deflated data
   * @throws NoRoomException if there is none for what comes of it
   */
  int inflate(Inflater inflater, int most) throws DataFormatException {
    ByteBuf chunk = chunkWithRoom();
    int room = Math.min(most, chunk.writableBytes());
    int count = inflater.inflate(chunk.array(), chunk.arrayOffset() + chunk.writerIndex(), room);
    chunk.writerIndex(chunk.writerIndex() + count);
    length += count;
    return count;
  }

  private ByteBuf chunkWithRoom() {
    if (!chunks.isEmpty() && chunks.getLast().isWritable()) {
      return chunks.getLast();
    }
    int size = MessageChunk.size(length);
    if (!share.tryHold((long) held + size)) {
      throw new NoRoomException();
    }
    held += size;
    ByteBuf chunk = MessageChunk.of(size);
    chunks.add(chunk);
    return chunk;
  }

  /** The whole message. */
  byte[] toBytes() {
    var bytes = new byte[length];
    int position = 0;
    for (ByteBuf chunk : chunks) {
      int count = chunk.readableBytes();
      chunk.getBytes(chunk.readerIndex(), bytes, position, count);
      position += count;
    }
    return bytes;
  }

  /** The whole message; nothing of it is left here. */
  byte[] drain() {
    try {
      return toBytes();
    } finally {
      release();
    }
  }

  /** Gives back what it has: nobody uses it any more. */
  void release() {
    chunks.forEach(ByteBuf::release);
    chunks.clear();
    length = 0;
    held = 0;
    share.giveBack();
  }
}
