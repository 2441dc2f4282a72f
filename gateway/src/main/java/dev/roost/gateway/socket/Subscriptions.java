package dev.roost.gateway.socket;

import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import dev.roost.gateway.protocol.Frame;
import dev.roost.gateway.protocol.Serializer;
import dev.roost.gateway.protocol.Wire;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which rows of this gateway verticle are joined to which topic, and the fan-out of broadcasts to
 * them: encoded once for each serializer, however many sockets there are (F-12). Used on the
 * gateway's context only.
 */
final class Subscriptions {

  /** Told of a message that clients do not get, since their serializer has no form for it. */
  @FunctionalInterface
  interface Undelivered {
    void tell(Serializer serializer, String topic, String event, int clients);
  }

  private final Map<String, Map<String, Subscribers>> byApplication = new HashMap<>();
  private final Undelivered undelivered;

  Subscriptions(Undelivered undelivered) {
    this.undelivered = undelivered;
  }

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

  /**
   * Sends a broadcast to all rows of its topic.
   *
   * @param except the row that is left out, null for none
   * @return the number of sockets that got it
   */
  int deliver(GatewayMessage.Broadcast broadcast, @Nullable ChannelRow except) {
    Map<String, Subscribers> topics = byApplication.get(broadcast.application());
    Subscribers subscribers = topics == null ? null : topics.get(broadcast.topic());
    return subscribers == null ? 0 : subscribers.deliver(broadcast, except, undelivered);
  }

  /** Topics with a member here. */
  int topics() {
    return byApplication.values().stream().mapToInt(Map::size).sum();
  }

  /** The joined rows of one topic, by serializer. */
  private static final class Subscribers {

    private final @Nullable Seats[] bySerializer = new @Nullable Seats[Serializer.ALL.size()];
    private long epoch;

    void add(ChannelRow row, long tenure) {
      epoch = Math.max(epoch, tenure);
      int index = row.socket().serializer().index();
      Seats seats = bySerializer[index];
      if (seats == null) {
        seats = new Seats();
        bySerializer[index] = seats;
      }
      seats.add(row);
    }

    /** True when nobody is left. */
    boolean remove(ChannelRow row) {
      int index = row.socket().serializer().index();
      Seats taken = bySerializer[index];
      if (taken != null && taken.remove(row)) {
        bySerializer[index] = null;
      }
      for (Seats seats : bySerializer) {
        if (seats != null) {
          return false;
        }
      }
      return true;
    }

    int deliver(
        GatewayMessage.Broadcast broadcast, @Nullable ChannelRow except, Undelivered undelivered) {
      if (broadcast.epoch() < epoch) {
        return 0;
      }
      int delivered = 0;
      for (Serializer serializer : Serializer.ALL) {
        Seats seats = bySerializer[serializer.index()];
        if (seats != null) {
          int seat =
              except != null && except.socket().serializer().index() == serializer.index()
                  ? except.seat()
                  : -1;
          delivered += deliver(broadcast, serializer, seats, seat, undelivered);
        }
      }
      return delivered;
    }

    private static int deliver(
        GatewayMessage.Broadcast broadcast,
        Serializer serializer,
        Seats seats,
        int except,
        Undelivered undelivered) {
      Optional<Frame> encoded =
          serializer.broadcast(broadcast.topic(), broadcast.event(), broadcast.payload());
      if (encoded.isEmpty()) {
        undelivered.tell(
            serializer,
            broadcast.topic(),
            broadcast.event(),
            except < 0 ? seats.count : seats.count - 1);
        return 0;
      }
      try (var frame = new SharedFrame(encoded.get())) {
        return broadcast.event().equals(Wire.PRESENCE_DIFF)
            ? seats.sendDiff(frame, broadcast.payload(), except)
            : seats.send(frame, except);
      }
    }
  }

  /**
   * Rows that get the same frame. Their connections stand in an array of their own, because a
   * fan-out is bound by memory: each object on the way to a socket is a line that is not in the
   * cache, and is read ahead for some sockets together.
   */
  private static final class Seats {

    // Their lines stay in the second-level cache beside what the kernel's send needs.
    private static final int READ_AHEAD = 16;

    private ChannelRow[] rows = new ChannelRow[1];
    private Connection[] connections = new Connection[1];
    private int count;

    // Written and never read: without a use of what was read ahead, the compiler leaves it out.
    @SuppressWarnings("UnusedVariable")
    private int prefetched;

    void add(ChannelRow row) {
      if (count == rows.length) {
        rows = Arrays.copyOf(rows, count * 2);
        connections = Arrays.copyOf(connections, count * 2);
      }
      row.seat(count);
      rows[count] = row;
      connections[count++] = row.socket().connection();
    }

    /** True when nobody is left. */
    boolean remove(ChannelRow row) {
      int last = --count;
      int seat = row.seat();
      rows[seat] = rows[last];
      connections[seat] = connections[last];
      rows[seat].seat(seat);
      row.seat(-1);
      Arrays.fill(rows, last, last + 1, null);
      Arrays.fill(connections, last, last + 1, null);
      return count == 0;
    }

    int send(SharedFrame frame, int except) {
      for (int from = 0; from < count; from += READ_AHEAD) {
        int to = Math.min(from + READ_AHEAD, count);
        prefetch(from, to);
        for (int i = from; i < to; i++) {
          if (i != except) {
            connections[i].send(frame);
          }
        }
      }
      return except < 0 ? count : count - 1;
    }

    private void prefetch(int from, int to) {
      int sum = 0;
      for (int i = from; i < to; i++) {
        sum += connections[i].prefetch();
      }
      prefetched = sum;
    }

    /** A diff of presences waits where the client has no list yet. */
    int sendDiff(SharedFrame frame, RawPayload diff, int except) {
      int sent = 0;
      for (int i = 0; i < count; i++) {
        if (i != except && !rows[i].socket().holdsBack(rows[i], diff, null)) {
          connections[i].send(frame);
          sent++;
        }
      }
      return sent;
    }
  }
}
