package dev.roost.gateway.socket;

import dev.roost.bus.GatewayMessage;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.Serializer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which rows of this gateway verticle are joined to which topic, and the fan-out of broadcasts to
 * them: encoded once for each serializer, however many sockets there are (F-12). Used on the
 * gateway's context only.
 */
final class Subscriptions {

  private static final Logger log = LoggerFactory.getLogger(Subscriptions.class);

  private final Map<String, Map<String, Subscribers>> byApplication = new HashMap<>();

  /** Adds a joined row; broadcasts of older tenures no longer reach the topic. */
  void add(ChannelRow row, long epoch) {
    byApplication
        .computeIfAbsent(row.application(), application -> new HashMap<>())
        .computeIfAbsent(row.topic(), topic -> new Subscribers())
        .add(row, epoch);
  }

  /** Removes a row, and with the last one the topic; nothing happens if it was never joined. */
  void remove(ChannelRow row) {
    if (row.seat() < 0) {
      return;
    }
    Map<String, Subscribers> topics = byApplication.get(row.application());
    Subscribers subscribers = topics == null ? null : topics.get(row.topic());
    if (topics != null && subscribers != null && subscribers.remove(row)) {
      topics.remove(row.topic());
      if (topics.isEmpty()) {
        byApplication.remove(row.application());
      }
    }
  }

  /** Sends a broadcast to all rows of its topic; the number of sockets that got it. */
  int deliver(GatewayMessage.Broadcast broadcast) {
    Map<String, Subscribers> topics = byApplication.get(broadcast.application());
    Subscribers subscribers = topics == null ? null : topics.get(broadcast.topic());
    return subscribers == null ? 0 : subscribers.deliver(broadcast);
  }

  /** Topics with a member here. */
  int topics() {
    return byApplication.values().stream().mapToInt(Map::size).sum();
  }

  /** The joined rows of one topic. */
  private static final class Subscribers {

    private ChannelRow[] rows = new ChannelRow[1];
    private int count;
    private long epoch;

    void add(ChannelRow row, long tenure) {
      epoch = Math.max(epoch, tenure);
      if (count == rows.length) {
        rows = Arrays.copyOf(rows, count * 2);
      }
      row.seat(count);
      rows[count++] = row;
    }

    /** True when nobody is left. */
    boolean remove(ChannelRow row) {
      ChannelRow last = rows[--count];
      rows[row.seat()] = last;
      last.seat(row.seat());
      row.seat(-1);
      Arrays.fill(rows, count, count + 1, null);
      return count == 0;
    }

    int deliver(GatewayMessage.Broadcast broadcast) {
      if (broadcast.epoch() < epoch) {
        return 0;
      }
      var frames = new SharedFrame[Serializer.ALL.size()];
      int delivered = 0;
      try {
        for (int i = 0; i < count; i++) {
          ChannelRow row = rows[i];
          if (row.channel() == broadcast.except()) {
            continue;
          }
          Serializer serializer = row.socket().serializer();
          SharedFrame frame = frames[serializer.index()];
          if (frame == null) {
            frame = encode(serializer, broadcast);
            if (frame == null) {
              continue;
            }
            frames[serializer.index()] = frame;
          }
          row.socket().connection().send(frame);
          delivered++;
        }
      } finally {
        for (SharedFrame frame : frames) {
          if (frame != null) {
            frame.close();
          }
        }
      }
      return delivered;
    }

    private static @Nullable SharedFrame encode(
        Serializer serializer, GatewayMessage.Broadcast broadcast) {
      Optional<Frame> frame =
          serializer.broadcast(broadcast.topic(), broadcast.event(), broadcast.payload());
      if (frame.isEmpty()) {
        log.warn(
            "broadcast not delivered: {} has no form for it, topic={} event={} payload={}",
            serializer,
            broadcast.topic(),
            broadcast.event(),
            broadcast.payload());
      }
      return frame.map(SharedFrame::new).orElse(null);
    }
  }
}
