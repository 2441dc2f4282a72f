package dev.roost.chaos;

import dev.roost.chaos.Violation.Claim;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The log of one member, taken apart; on the way it checks what needs no other log. */
final class MemberLog {

  private final Member member;
  private final List<Violation> violations;
  private final List<Stay> stays = new ArrayList<>();
  private final TreeMap<Integer, Entry.Pushed> pushes = new TreeMap<>();
  private final TreeMap<Long, Entry.Pushed> pushesByTime = new TreeMap<>();
  private final Set<Integer> refused = new HashSet<>();
  private final Map<Integer, Integer> latest = new HashMap<>();

  private MemberLog(Member member, List<Violation> violations) {
    this.member = member;
    this.violations = violations;
  }

  static MemberLog of(Member member, List<Entry> entries, List<Violation> violations) {
    var log = new MemberLog(member, violations);
    log.read(entries);
    return log;
  }

  private void read(List<Entry> entries) {
    Entry.Joined joined = null;
    var received = new ArrayList<Entry.Received>();
    for (Entry entry : entries) {
      switch (entry) {
        case Entry.Joined now -> {
          if (joined != null) {
            add(Claim.UNEXPECTED, "joined twice");
          }
          joined = now;
        }
        case Entry.Pushed push -> {
          pushes.put(push.number(), push);
          pushesByTime.put(push.at(), push);
        }
        case Entry.Refused answer -> refused.add(answer.number());
        case Entry.Received got -> {
          checkOrder(got);
          if (joined == null) {
            add(
                Claim.OUTSIDE_A_STAY,
                "message " + got.number() + " of client " + got.publisher() + " came unjoined");
          } else {
            received.add(got);
          }
        }
        case Entry.Signal signal -> {
          if (joined != null) {
            stays.add(new Stay(joined.at(), received, signal));
            received.clear();
            joined = null;
          }
        }
        case Entry.Unexpected(long at, var what) -> add(Claim.UNEXPECTED, what);
      }
    }
    if (joined == null) {
      add(Claim.NOT_BACK, "not joined at the end");
    } else {
      stays.add(new Stay(joined.at(), received, null));
    }
  }

  /** Claim 1. */
  private void checkOrder(Entry.Received got) {
    Integer before = latest.put(got.publisher(), got.number());
    if (before != null && before >= got.number()) {
      add(
          Claim.ORDER,
          "message "
              + got.number()
              + " of client "
              + got.publisher()
              + (before == got.number() ? " came twice" : " came after number " + before));
    }
  }

  private void add(Claim claim, String what) {
    violations.add(new Violation(claim, member, what));
  }

  Member member() {
    return member;
  }

  List<Stay> stays() {
    return stays;
  }

  /** By number. */
  Map<Integer, Entry.Pushed> pushes() {
    return pushes;
  }

  /** Numbers of pushes answered with an error. */
  Set<Integer> refused() {
    return refused;
  }

  Collection<Entry.Pushed> pushesBetween(long start, long end) {
    return pushesByTime.subMap(start, false, end, false).values();
  }
}
