package dev.roost.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.chaos.Entry.Kind;
import dev.roost.chaos.Fault.Blow;
import dev.roost.chaos.Violation.Claim;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class CheckerTest {

  private static final int ADA = 1;
  private static final int BOB = 2;
  private static final int EVE = 3;

  private static final Blow SPLIT = new Blow.Split(Set.of(0), Duration.ofSeconds(5));
  private static final Blow KILLED_CHANNELS = hit(Fault.Kind.KILL_CHANNELS, 2);
  private static final Blow FROZEN_CHANNELS = hit(Fault.Kind.FREEZE_CHANNELS, 3);
  private static final Blow KILLED_GATEWAY = hit(Fault.Kind.KILL_GATEWAY, 0);

  private final Map<Member, List<Entry>> logs = new HashMap<>();
  private final List<Strike> strikes = new ArrayList<>();
  private long clock;

  /* ---- what is right */

  @Test
  void membersThatReceiveEverythingInOneOrderAreFine() {
    joined(ADA, BOB, EVE);
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB, EVE);
    pushed(BOB, 1);
    received(BOB, 1, BOB, EVE, ADA);

    var verdict = check();
    assertEquals(List.of(), verdict.violations());
    assertEquals(2, verdict.pushed());
    assertEquals(6, verdict.received());
    assertEquals(0, verdict.missed());
  }

  @Test
  void whatIsMissedBetweenASignalAndTheRejoinIsFine() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB);
    pushed(ADA, 2);
    received(ADA, 2, ADA);
    signalled(BOB);
    pushed(ADA, 3);
    received(ADA, 3, ADA);
    joined(BOB);
    pushed(ADA, 4);
    received(ADA, 4, ADA, BOB);

    var verdict = check();
    assertEquals(List.of(), verdict.violations());
    assertEquals(1, verdict.missed());
    assertEquals(Duration.ofSeconds(1), verdict.slowestSignal());
  }

  @Test
  void aMessageThatReachesNobodyIsFineIfItsPublisherIsSignalledBeforeItsNextOneComes() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    signalled(ADA);
    joined(ADA);
    pushed(ADA, 2);
    received(ADA, 2, ADA, BOB);

    var verdict = check();
    assertEquals(List.of(), verdict.violations());
    assertEquals(1, verdict.reachedNobody());
  }

  @Test
  void aPushThatIsAnsweredWithAnErrorIsNotMissed() {
    joined(ADA);
    pushed(ADA, 1);
    log(ADA).add(new Entry.Refused(tick(), 1));

    assertEquals(Set.of(), broken());
  }

  /** While a network is split, nobody can tell the other side. */
  @Test
  void aSignalIsNotLateBeforeTheNetworkIsMended() {
    joined(ADA, BOB);
    long split = tick();
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    clock += Duration.ofMinutes(1).toNanos();
    struck(SPLIT, split);
    signalled(BOB);
    joined(BOB);

    var verdict = check();
    assertEquals(List.of(), verdict.violations());
    assertEquals(Duration.ofSeconds(1), verdict.slowestSignal());
  }

  /** A client that closes its socket cannot receive what is under way to it. */
  @Test
  void whatIsUnderWayWhenAMemberMovesByItselfIsFine() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    moved(BOB);
    joined(BOB);

    var verdict = check();
    assertEquals(List.of(), verdict.violations());
    assertEquals(1, verdict.missed());
    assertEquals(Duration.ofSeconds(1), verdict.oldestUnderWay());
    assertEquals(Duration.ZERO, verdict.slowestSignal());
  }

  @Test
  void aMoveWhileTheNetworkIsBrokenIsLikeAnySignal() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    long split = tick();
    clock += Duration.ofSeconds(10).toNanos();
    moved(BOB);
    struck(SPLIT, split);
    joined(BOB);

    assertEquals(Set.of(), broken());
  }

  @Test
  void socketsMayCloseAfterAFaultThatHitsAGateway() {
    joined(ADA, BOB);
    struck(KILLED_GATEWAY, tick());
    closed(ADA);
    joined(ADA);
    struck(List.of(KILLED_CHANNELS, KILLED_GATEWAY), tick());
    closed(BOB);
    joined(BOB);

    assertEquals(Set.of(), broken());
  }

  /** Theirs is what came of the gateway's fault, although they come back after the next one. */
  @Test
  void socketsThatAGatewayClosedAndThoseThatGoHomeAreNotTheNextFaults() {
    joined(ADA, BOB);
    struck(KILLED_GATEWAY, tick());
    closed(ADA);
    struck(KILLED_CHANNELS, tick());
    joined(ADA);
    moved(BOB);
    joined(BOB);

    assertEquals(Set.of(), broken());
  }

  @Test
  void aSignalBeforeTheNetworkIsMendedTookNoTime() {
    joined(ADA, BOB);
    long split = tick();
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    signalled(BOB);
    struck(SPLIT, split);
    joined(BOB);

    assertEquals(Map.of(1, Duration.ZERO), check().slowestSignals());
  }

  /* ---- what is planted */

  @Test
  void findsAMessageThatOneMemberLostInSilence() {
    joined(ADA, BOB, EVE);
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB, EVE);
    pushed(ADA, 2);
    received(ADA, 2, ADA, EVE);
    pushed(ADA, 3);
    received(ADA, 3, ADA, BOB, EVE);

    assertEquals(Set.of(Claim.LOST, Claim.CHAIN), broken());
  }

  @Test
  void findsALossBetweenMessagesOfOtherPublishers() {
    joined(ADA, BOB, EVE);
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB, EVE);
    pushed(BOB, 1);
    received(BOB, 1, ADA, BOB);
    pushed(ADA, 2);
    received(ADA, 2, ADA, BOB, EVE);

    assertEquals(Set.of(Claim.LOST, Claim.CHAIN), broken());
  }

  @Test
  void findsALossAtTheEndOfTheRun() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA);

    assertEquals(Set.of(Claim.LOST), broken());
  }

  @Test
  void findsALossWhoseSignalComesOnlyAfterTheNextMessage() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    pushed(ADA, 2);
    received(ADA, 2, ADA, BOB);
    signalled(BOB);
    joined(BOB);

    assertEquals(Set.of(Claim.LOST), broken());
  }

  @Test
  void findsALossRightAfterAJoin() {
    joined(ADA, BOB);
    signalled(BOB);
    joined(BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    pushed(ADA, 2);
    received(ADA, 2, ADA, BOB);

    assertEquals(Set.of(Claim.LOST), broken());
  }

  /** The cluster told it nothing; only the client's own move hides that. */
  @Test
  void findsALossBeforeAMemberMovesByItself() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    clock += Duration.ofSeconds(2).toNanos();
    moved(BOB);
    joined(BOB);

    assertEquals(Set.of(Claim.LOST), broken());
  }

  @Test
  void findsAPushThatVanishedBeforeItsPublisherMovesByItself() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    clock += Duration.ofSeconds(2).toNanos();
    moved(ADA);
    joined(ADA);

    assertEquals(Set.of(Claim.LOST), broken());
  }

  @Test
  void findsASignalThatComesTooLate() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    clock += Duration.ofMinutes(1).toNanos();
    signalled(BOB);
    joined(BOB);

    assertEquals(Set.of(Claim.LATE_SIGNAL), broken());
  }

  @Test
  void aKilledNodeIsTheSoonestNoticedThenAFrozenOneThenTheNetwork() {
    assertEquals(Set.of(), brokenAfter(KILLED_CHANNELS, 15));
    assertEquals(Set.of(Claim.LATE_SIGNAL), brokenAfter(KILLED_CHANNELS, 16));
    assertEquals(Set.of(), brokenAfter(FROZEN_CHANNELS, 20));
    assertEquals(Set.of(Claim.LATE_SIGNAL), brokenAfter(FROZEN_CHANNELS, 21));
    assertEquals(Set.of(), brokenAfter(SPLIT, 30));
    assertEquals(Set.of(Claim.LATE_SIGNAL), brokenAfter(SPLIT, 31));
  }

  /** Whoever missed something in the last seconds before a fault is told with what that breaks. */
  @Test
  void aMessageBeforeAFaultHasTheLimitOfTheLongerOne() {
    joined(ADA, BOB);
    struck(KILLED_CHANNELS, tick());
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    struck(FROZEN_CHANNELS, tick());
    clock += Duration.ofSeconds(17).toNanos();
    signalled(BOB);
    joined(BOB);

    var verdict = check();
    assertEquals(List.of(), verdict.violations());
    assertEquals(Map.of(2, Duration.ofSeconds(20)), verdict.slowestSignals());
  }

  @Test
  void findsASignalThatComesTooLateAfterASplit() {
    joined(ADA, BOB);
    long split = tick();
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    struck(SPLIT, split);
    clock += Duration.ofMinutes(1).toNanos();
    signalled(BOB);
    joined(BOB);

    assertEquals(Set.of(Claim.LATE_SIGNAL), broken());
  }

  /** Two hosts at a time: its publisher was told when the split had healed, and she was not. */
  @Test
  void findsAMessageOfTheOtherSideOfASplit() {
    joined(ADA, BOB, EVE);
    long split = tick();
    aMessageThatEveMissesAndOthersAreSignalled();
    struck(SPLIT, split);
    joinedAgainAndHeard();

    assertEquals(Set.of(Claim.LOST), broken());
  }

  @Test
  void findsAPushThatVanishedInSilence() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    pushed(ADA, 2);
    received(ADA, 2, ADA, BOB);

    assertEquals(Set.of(Claim.LOST), broken());
  }

  @Test
  void findsAPushThatVanishedBeforeASignalToSomebodyElse() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    signalled(BOB);
    joined(BOB);

    assertEquals(Set.of(Claim.LOST), broken());
  }

  @Test
  void findsADuplicate() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB, BOB);

    assertTrue(broken().contains(Claim.ORDER));
  }

  @Test
  void findsADuplicateInTheNextStay() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB);
    signalled(BOB);
    joined(BOB);
    received(ADA, 1, BOB);

    assertEquals(Set.of(Claim.ORDER), broken());
  }

  @Test
  void findsTwoMessagesOfOnePublisherSwapped() {
    joined(ADA, BOB);
    pushed(ADA, 1);
    pushed(ADA, 2);
    received(ADA, 2, ADA, BOB);
    received(ADA, 1, ADA, BOB);

    assertEquals(Set.of(Claim.ORDER), broken());
  }

  @Test
  void findsTwoMembersThatSeeTwoPublishersInDifferentOrders() {
    joined(ADA, BOB, EVE);
    pushed(ADA, 1);
    pushed(BOB, 1);
    received(ADA, 1, ADA, BOB);
    received(BOB, 1, ADA, BOB, EVE);
    received(ADA, 1, EVE);
    pushed(EVE, 1);
    received(EVE, 1, ADA, BOB, EVE);

    assertEquals(Set.of(Claim.CHAIN), broken());
  }

  @Test
  void findsAMessageThatNobodyPushed() {
    joined(ADA, BOB);
    received(ADA, 1, ADA, BOB);

    assertEquals(Set.of(Claim.INVENTED), broken());
  }

  @Test
  void findsAMessageAfterTheSignal() {
    joined(ADA, BOB);
    signalled(BOB);
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB);
    joined(BOB);

    assertEquals(Set.of(Claim.OUTSIDE_A_STAY), broken());
  }

  @Test
  void findsAMemberThatNeverCameBack() {
    joined(ADA, BOB);
    signalled(BOB);

    assertEquals(Set.of(Claim.NOT_BACK), broken());
  }

  @Test
  void findsASocketThatClosesAfterAFaultOfAChannelNode() {
    joined(ADA, BOB);
    struck(KILLED_GATEWAY, tick());
    struck(KILLED_CHANNELS, tick());
    closed(BOB);
    joined(BOB);

    assertEquals(Set.of(Claim.SOCKET_CLOSED), broken());
  }

  @Test
  void findsASocketThatClosesAfterTwoFaultsOfChannelNodes() {
    joined(ADA, BOB);
    struck(List.of(KILLED_CHANNELS, FROZEN_CHANNELS), tick());
    closed(BOB);
    joined(BOB);
    struck(KILLED_GATEWAY, tick());

    assertEquals(Set.of(Claim.SOCKET_CLOSED), broken());
  }

  @Test
  void findsWhatTheClientTookForAMistake() {
    joined(ADA);
    log(ADA).add(new Entry.Unexpected(tick(), "phx_close that was not asked for"));

    assertEquals(Set.of(Claim.UNEXPECTED), broken());
  }

  @Test
  void topicsAreJudgedApart() {
    joined(ADA, BOB);
    logs.put(new Member("room:other", EVE), List.of(new Entry.Joined(tick())));
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB);

    assertEquals(Set.of(), broken());
  }

  /* ---- */

  private void aMessageThatEveMissesAndOthersAreSignalled() {
    pushed(ADA, 1);
    received(ADA, 1, ADA, BOB);
    signalled(ADA, BOB);
  }

  private void joinedAgainAndHeard() {
    joined(ADA, BOB);
    pushed(ADA, 2);
    received(ADA, 2, ADA, BOB, EVE);
  }

  /** What is broken if somebody is told so many seconds after a message that it missed. */
  private Set<Claim> brokenAfter(Blow blow, int seconds) {
    logs.clear();
    strikes.clear();
    joined(ADA, BOB);
    struck(blow, tick());
    pushed(ADA, 1);
    received(ADA, 1, ADA);
    clock += Duration.ofSeconds(seconds - 1).toNanos();
    signalled(BOB);
    joined(BOB);
    return broken();
  }

  private static Blow hit(Fault.Kind kind, int node) {
    return new Blow.Hit(kind, node, Duration.ofSeconds(1));
  }

  /** What was broken then is mended now. */
  private void struck(Blow blow, long at) {
    struck(List.of(blow), at);
  }

  private void struck(List<Blow> blows, long at) {
    var fault = new Fault(strikes.size() + 1, blows, Duration.ZERO);
    strikes.add(new Strike(fault, at, tick()));
  }

  private Verdict check() {
    return Checker.check(logs, strikes, Duration.ofSeconds(30));
  }

  private Set<Claim> broken() {
    return check().violations().stream().map(Violation::claim).collect(Collectors.toSet());
  }

  private void joined(int... clients) {
    for (int client : clients) {
      log(client).add(new Entry.Joined(tick()));
    }
  }

  private void signalled(int... clients) {
    for (int client : clients) {
      log(client).add(new Entry.Signal(tick(), Kind.PHX_ERROR));
    }
  }

  private void closed(int client) {
    log(client).add(new Entry.Signal(tick(), Kind.SOCKET_CLOSED));
  }

  private void moved(int client) {
    log(client).add(new Entry.Signal(tick(), Kind.MOVED));
  }

  private void pushed(int publisher, int number) {
    log(publisher).add(new Entry.Pushed(tick(), number));
  }

  private void received(int publisher, int number, int... clients) {
    for (int client : clients) {
      log(client).add(new Entry.Received(tick(), publisher, number));
    }
  }

  private List<Entry> log(int client) {
    return logs.computeIfAbsent(new Member("room:1", client), member -> new ArrayList<>());
  }

  /** Each entry is a second after the one before. */
  private long tick() {
    return clock += Duration.ofSeconds(1).toNanos();
  }
}
