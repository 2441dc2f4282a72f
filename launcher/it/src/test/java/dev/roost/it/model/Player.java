package dev.roost.it.model;

import dev.roost.it.model.Command.Event;
import dev.roost.it.model.Command.Refs;
import dev.roost.testkit.client.PhoenixMessage;
import dev.roost.testkit.client.Vsn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Plays steps against the server and the model, and compares. Clients, transports and versions
 * follow from the seed, so that the same seed and steps are the same play.
 */
final class Player implements AutoCloseable {

  static final int CLIENTS = 3;
  static final int TOPICS = 2;

  private final ModelServer server;
  private final String name;
  private final Duration limit;
  private final SplittableRandom random;
  private final List<ModelClient> clients = new ArrayList<>();
  private final List<Peer> peers = new ArrayList<>();
  private final Model model;
  private final List<String> trace;
  private long steps;

  /**
   * A play with all its clients connected.
   *
   * @param name unique among all plays of a server
   * @param limit how long each wait takes at most
   * @param trace takes what is sent and what comes, from the first to the last
   */
  Player(ModelServer server, String name, long seed, Duration limit, List<String> trace) {
    this.trace = trace;
    this.server = server;
    this.name = name;
    this.limit = limit;
    this.random = new SplittableRandom(seed);
    for (int i = 0; i < CLIENTS; i++) {
      clients.add(
          new ModelClient(i, random.nextBoolean() ? Vsn.V2 : Vsn.V1, random.nextInt(3) == 0));
    }
    this.model = new Model(clients);
    for (ModelClient client : clients) {
      peers.add(connect(client));
    }
  }

  private Peer connect(ModelClient client) {
    steps++;
    String id = name + "-" + client.number;
    int gateway = random.nextInt(ModelServer.GATEWAYS);
    return client.polls
        ? new LongPollPeer(server, random.split(), client.vsn, id, limit)
        : new WebSocketPeer(server, gateway, client.vsn, id, limit);
  }

  private String topic(int number) {
    return "model:" + name + "-" + number;
  }

  long steps() {
    return steps;
  }

  void play(Command command) {
    steps++;
    ModelClient client = clients.get(command.client());
    Peer peer = peers.get(command.client());
    switch (command) {
      case Command.Join(var number, var topic, var wish, var bare) -> {
        quietIf(model.needsQuietToJoin(client, topic(topic)), topic(topic));
        send(client, model.join(client, topic(topic), wish, bare));
      }
      case Command.Leave(var number, var topic, var refs) -> {
        quietIf(model.needsQuietToLeave(client, topic(topic)), topic(topic));
        send(client, model.leave(client, topic(topic), refs));
      }
      case Command.Send(var number, var topic, var event, var refs) -> {
        quietIf(model.needsQuiet(client, topic(topic), event), topic(topic));
        send(client, model.send(client, topic(topic), event, refs));
      }
      case Command.Heartbeat(var number) -> send(client, model.heartbeat(client));
      case Command.JoinNowhere(var number) -> send(client, model.joinNowhere(client));
      case Command.Read(var number) -> {
        peers.forEach(Peer::flush); // What is due may be of others.
        while (client.isDue()) {
          read(client);
        }
      }
      case Command.ConnectInVain(var number) -> {
        int gateway = random.nextInt(ModelServer.GATEWAYS);
        if (client.polls) {
          LongPollPeer.connectInVain(server, gateway, client.vsn);
        } else {
          WebSocketPeer.connectInVain(server, gateway, client.vsn);
        }
      }
      case Command.PostInVain(var number, var defect) -> peer.postInVain(defect);
      case Command.End(var number, var ending) -> end(client, ending);
    }
  }

  private void end(ModelClient client, Command.Ending ending) {
    for (int i = 0; i < TOPICS; i++) {
      quietIf(model.needsQuietToEnd(client, topic(i)), topic(i));
    }
    trace.add(client.number + " ends: " + ending);
    peers.get(client.number).end(ending);
    model.ended(client);
    peers.set(client.number, connect(client));
  }

  private void quietIf(boolean needed, String topic) {
    if (needed) {
      quiet(topic);
    }
  }

  /**
   * Reads until nothing is due of the topic. Who may have broadcasts on their way say something
   * more, which is answered behind those.
   */
  private void quiet(String topic) {
    for (ModelClient client : clients) {
      ModelClient.Row row = client.row(topic);
      if (row != null && !row.ending && !row.leaving && model.isLoose(client, topic)) {
        steps++;
        send(client, model.send(client, topic, Event.ECHO, Refs.CURRENT));
      }
    }
    peers.forEach(Peer::flush);
    for (ModelClient client : clients) {
      while (client.isDue(topic)) {
        read(client);
      }
    }
    model.isQuiet(topic);
  }

  private void send(ModelClient client, PhoenixMessage message) {
    trace.add(client.number + " > " + message);
    peers.get(client.number).send(message);
  }

  private void read(ModelClient client) {
    Peer peer = peers.get(client.number);
    peer.flush();
    List<PhoenixMessage> messages;
    long deadline = System.nanoTime() + limit.toNanos();
    try {
      do {
        messages = peer.read();
      } while (messages.isEmpty() && System.nanoTime() < deadline);
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "; still due: " + model.due(), e);
    }
    if (messages.isEmpty()) {
      throw new AssertionError("nothing came, but this was due: " + model.due());
    }
    for (PhoenixMessage message : messages) {
      trace.add(client.number + " < " + message);
      model.received(client, message);
    }
  }

  /** All that is due comes, and behind it nothing else. */
  void finish() {
    for (int i = 0; i < TOPICS; i++) {
      quiet(topic(i));
      for (ModelClient client : clients) {
        steps++;
        send(client, model.leave(client, topic(i), Refs.CURRENT));
      }
    }
    for (ModelClient client : clients) {
      while (client.isDue()) {
        read(client);
      }
      steps++;
      send(client, model.heartbeat(client));
      while (client.isDue()) {
        read(client);
      }
    }
    for (ModelClient client : clients) {
      steps++;
      peers.get(client.number).end(Command.Ending.CLOSE);
    }
  }

  @Override
  public void close() {
    peers.forEach(Peer::close);
  }
}
