package dev.roost.chaos;

import dev.roost.chaos.Violation.Claim;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Proves from the members' logs that nothing was lost in silence, doubled or reordered. A pure
 * function of the logs.
 *
 * <p>A <em>stay</em> of a member begins with the answer to its join and ends with the next signal,
 * or with the log. The claims, for each topic:
 *
 * <ol>
 *   <li>Order, no duplicates: over all its stays together a member receives the messages of one
 *       publisher in strictly growing numbers.
 *   <li>Nothing is invented, and nothing comes outside a stay.
 *   <li>One chain: within stays each message has one successor and one predecessor, whoever
 *       receives them. So all members agree on one order, and miss nothing of it while they stay.
 *   <li>Nobody is left out: a message that was pushed during a stay, and that anybody received, is
 *       received in that stay; or the stay ends with a signal, within the limit of the fault, and
 *       nothing later of that publisher came before it. No signal is late before the network is
 *       mended. That a client closed its socket itself is no signal: its stay may miss only what
 *       was under way.
 *   <li>Publishers know: each is a member too. What it pushed during a stay comes back to it, or is
 *       answered with an error, or the stay ends as above. So a message that reached nobody had a
 *       publisher that was told.
 *   <li>Everybody comes back: at the end of the log each member is joined.
 *   <li>Sockets outlive channel nodes: none closes after a fault that hits channel nodes alone.
 * </ol>
 */
final class Checker {

  /*
   * On two sides of a split, or of nodes that took each other for dead when packets were lost, a topic
   * may have two hosts at a time, and members of one side hear nothing of the other. Claim 4 holds all
   * the same: they are signalled before they hear of the other side's publishers again.
   */

  /** How old what is under way may be when a client closes its socket itself. */
  private static final Duration UNDER_WAY = Duration.ofSeconds(2);

  private final Map<Member, List<Entry>> logs;
  private final List<Strike> strikes;
  private final Duration limit;
  private final List<Violation> violations = new ArrayList<>();
  private long pushed;
  private long received;
  private long refused;
  private long reachedNobody;
  private long missed;
  private final Map<Integer, Duration> slowestSignals = new HashMap<>();
  private long oldestUnderWay;

  private Checker(Map<Member, List<Entry>> logs, List<Strike> strikes, Duration limit) {
    this.logs = logs;
    this.strikes = strikes;
    this.limit = limit;
  }

  /**
   * Judges.
   *
   * @param strikes the faults, in the order of time; each has the consequences up to the next one
   * @param limit within which a member that missed a message is told, at most: a fault that is
   *     sooner noticed has a part of it
   */
  static Verdict check(Map<Member, List<Entry>> logs, List<Strike> strikes, Duration limit) {
    var checker = new Checker(logs, strikes, limit);
    checker.checkAll();
    return checker.verdict();
  }

  private Verdict verdict() {
    return new Verdict(
        pushed,
        received,
        refused,
        reachedNobody,
        missed,
        slowestSignals,
        Duration.ofNanos(oldestUnderWay),
        violations);
  }

  private void checkAll() {
    var topics = new TreeMap<String, Map<Member, List<Entry>>>();
    logs.forEach(
        (member, log) ->
            topics.computeIfAbsent(member.topic(), topic -> new HashMap<>()).put(member, log));
    // One topic after the other: what is taken apart is several times as large as the logs.
    for (Map<Member, List<Entry>> ofTopic : topics.values()) {
      var members = new ArrayList<MemberLog>();
      ofTopic.forEach((member, log) -> members.add(MemberLog.of(member, log, violations)));
      checkTopic(members);
    }
  }

  private void checkTopic(List<MemberLog> members) {
    var publishers = new HashMap<Integer, MemberLog>();
    var firstReceived = new HashMap<Message, Long>();
    for (MemberLog member : members) {
      publishers.put(member.member().client(), member);
      for (Stay stay : member.stays()) {
        stay.received().forEach(got -> firstReceived.merge(message(got), got.at(), Math::min));
        received += stay.received().size();
      }
      pushed += member.pushes().size();
      refused += member.refused().size();
    }
    var chain = new Chain();
    for (MemberLog member : members) {
      checkInvented(member, publishers);
      for (Stay stay : member.stays()) {
        chain.add(member.member(), stay);
        checkSocket(member, stay);
        for (MemberLog publisher : members) {
          checkComplete(member, stay, publisher, firstReceived);
        }
      }
      for (Entry.Pushed push : member.pushes().values()) {
        if (!firstReceived.containsKey(new Message(member.member().client(), push.number()))) {
          reachedNobody++;
        }
      }
    }
  }

  private static Message message(Entry.Received received) {
    return new Message(received.publisher(), received.number());
  }

  private void checkInvented(MemberLog member, Map<Integer, MemberLog> publishers) {
    for (Stay stay : member.stays()) {
      for (Entry.Received got : stay.received()) {
        MemberLog publisher = publishers.get(got.publisher());
        if (publisher == null || !publisher.pushes().containsKey(got.number())) {
          add(Claim.INVENTED, member.member(), message(got) + " was never pushed");
        }
      }
    }
  }

  /** Claims 4 and 5 for one stay and one publisher. */
  private void checkComplete(
      MemberLog member, Stay stay, MemberLog publisher, Map<Message, Long> firstReceived) {
    boolean own = member == publisher;
    int client = publisher.member().client();
    for (Entry.Pushed push : publisher.pushesBetween(stay.start(), stay.end())) {
      var message = new Message(client, push.number());
      Long reached = firstReceived.get(message);
      if (stay.has(message) || (own ? member.refused().contains(push.number()) : reached == null)) {
        continue;
      }
      missed++;
      Integer next = stay.nextOf(message);
      if (next == null && stay.signal() != null) {
        checkEnd(member, message, reached == null ? push.at() : reached, stay.signal());
      } else {
        add(
            Claim.LOST,
            member.member(),
            message
                + (reached == null ? " reached nobody" : " was missed, others received it")
                + (next == null ? "; the stay goes on" : "; number " + next + " came after it"));
      }
    }
  }

  /** Claims 4 and 5 for a message that is missing at the end of a stay. */
  private void checkEnd(MemberLog member, Message message, long reached, Entry.Signal signal) {
    long silent = signal.at() - mendedAfter(reached);
    var age = Duration.ofNanos(Math.max(0, silent));
    if (signal.kind() == Entry.Kind.MOVED && !isBroken(signal.at())) {
      oldestUnderWay = Math.max(oldestUnderWay, silent);
      if (silent > UNDER_WAY.toNanos()) {
        add(
            Claim.LOST,
            member.member(),
            message + " was missed for " + age + " when the client closed its socket itself");
      }
      return;
    }
    Strike last = lastBefore(signal.at());
    slowestSignals.merge(
        last == null ? 0 : last.fault().number(),
        age,
        (one, other) -> one.compareTo(other) > 0 ? one : other);
    Duration allowed = limitBetween(reached, signal.at());
    if (age.compareTo(allowed) > 0) {
      add(
          Claim.LATE_SIGNAL,
          member.member(),
          message + " was missed, and the signal came " + age + " later, not within " + allowed);
    }
  }

  /** Claim 7. What an earlier fault closed was closed, and served again, before this one struck. */
  private void checkSocket(MemberLog member, Stay stay) {
    Entry.Signal signal = stay.signal();
    if (signal == null || signal.kind() != Entry.Kind.SOCKET_CLOSED) {
      return;
    }
    Strike last = lastBefore(signal.at());
    if (last != null && last.fault().hitsChannelNodesAlone()) {
      add(
          Claim.SOCKET_CLOSED,
          member.member(),
          "the socket closed after fault " + last.fault().number() + ", " + last.fault());
    }
  }

  /** The fault whose consequences these are, null before the first. */
  private @Nullable Strike lastBefore(long at) {
    Strike last = null;
    for (Strike strike : strikes) {
      last = strike.at() <= at ? strike : last;
    }
    return last;
  }

  /** The longest of the limits of the faults that had consequences then. */
  private Duration limitBetween(long from, long to) {
    Strike first = lastBefore(from);
    return strikes.stream()
        .filter(strike -> strike.equals(first) || (strike.at() > from && strike.at() <= to))
        .map(strike -> strike.fault().signalLimit(limit))
        .max(Comparator.naturalOrder())
        .orElse(limit);
  }

  private boolean isBroken(long at) {
    return strikes.stream().anyMatch(strike -> strike.breaksNetworkAt(at));
  }

  private long mendedAfter(long at) {
    return strikes.stream()
        .filter(strike -> strike.breaksNetworkAt(at))
        .mapToLong(Strike::mended)
        .max()
        .orElse(at);
  }

  private void add(Claim claim, Member member, String what) {
    violations.add(new Violation(claim, member, what));
  }

  /** A message of a topic. */
  record Message(int publisher, int number) {

    @Override
    public String toString() {
      return "message " + number + " of client " + publisher;
    }
  }

  /** Claim 3: what comes right after what, over all stays of a topic. */
  private final class Chain {
    private final Map<Message, Message> successors = new HashMap<>();
    private final Map<Message, Message> predecessors = new HashMap<>();

    void add(Member member, Stay stay) {
      Message before = null;
      for (Entry.Received got : stay.received()) {
        Message now = message(got);
        if (before != null) {
          Message known = successors.putIfAbsent(before, now);
          if (known != null && !known.equals(now)) {
            Checker.this.add(
                Claim.CHAIN, member, "after " + before + " came " + now + ", for others " + known);
          }
          known = predecessors.putIfAbsent(now, before);
          if (known != null && !known.equals(before)) {
            Checker.this.add(
                Claim.CHAIN, member, "before " + now + " came " + before + ", for others " + known);
          }
        }
        before = now;
      }
    }
  }
}
