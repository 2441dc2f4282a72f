package dev.roost.chaos;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Predicate;

/** All clients of a run, spread over the gateways, each on a few topics. Safe for any thread. */
final class Crowd {

  private final List<Client> clients;

  private Crowd(List<Client> clients) {
    this.clients = clients;
  }

  /** Clients that do nothing yet; the seed says which topics each has. */
  static Crowd of(
      int clients,
      int topics,
      int topicsPerClient,
      List<InetSocketAddress> gateways,
      Timing timing,
      long seed) {
    var random = new SplittableRandom(seed);
    var all = new ArrayList<Client>();
    for (int number = 0; number < clients; number++) {
      var own = new TreeSet<String>();
      // The first one by turns, so that each topic has members.
      own.add("room:" + number % topics);
      while (own.size() < Math.min(topicsPerClient, topics)) {
        own.add("room:" + random.nextInt(topics));
      }
      all.add(new Client(number, List.copyOf(own), gateways, timing, random.nextLong()));
    }
    return new Crowd(List.copyOf(all));
  }

  void start() {
    clients.forEach(Client::start);
  }

  void stop() {
    clients.forEach(Client::stop);
  }

  void pushing(boolean wanted) {
    clients.forEach(client -> client.pushing(wanted));
  }

  /** Sends those who fled to another gateway back to their own. */
  void goHome() {
    clients.forEach(Client::goHome);
  }

  /** One message of every member. */
  void pushEach() {
    clients.forEach(Client::pushEach);
  }

  boolean all(Predicate<Membership> condition) {
    return clients.stream().allMatch(client -> client.all(condition));
  }

  /** Whether each member has received something pushed from then on by everybody on its topic. */
  boolean isTogetherSince(long at) {
    var topics = new HashMap<String, Set<Integer>>();
    for (Client client : clients) {
      for (Member member : client.pushed().keySet()) {
        topics.computeIfAbsent(member.topic(), topic -> new TreeSet<>()).add(member.client());
      }
    }
    return all(
        membership ->
            topics.getOrDefault(membership.member().topic(), Set.of()).stream()
                .allMatch(publisher -> membership.isServedSince(at, publisher)));
  }

  /** Whether each member has received the last message of each other one on its topic. */
  boolean isUpToDate() {
    var topics = new HashMap<String, Map<Integer, Integer>>();
    for (Client client : clients) {
      client
          .pushed()
          .forEach(
              (member, number) ->
                  topics
                      .computeIfAbsent(member.topic(), topic -> new HashMap<>())
                      .put(member.client(), number));
    }
    return all(
        membership ->
            topics.getOrDefault(membership.member().topic(), Map.of()).entrySet().stream()
                .allMatch(last -> membership.isUpTo(last.getKey(), last.getValue())));
  }

  Map<Member, List<Entry>> logs() {
    var logs = new HashMap<Member, List<Entry>>();
    clients.forEach(client -> logs.putAll(client.logs()));
    return logs;
  }
}
