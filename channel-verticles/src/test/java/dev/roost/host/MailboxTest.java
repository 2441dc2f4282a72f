package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MailboxTest {

  private final List<Object> handled = Collections.synchronizedList(new ArrayList<>());

  private static Mail mail(Object body) {
    return new Mail.Message(body);
  }

  private static Mailbox mailbox(int messages, Consumer<Mail> reader) {
    return new Mailbox(messages, 1_000_000, MailboxBudget.of(1_000_000), reader);
  }

  private static Object body(Mail mail) {
    return ((Mail.Message) mail).body();
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits until everything that is in the mailbox now is handled. */
  private static void settle(Mailbox mailbox) {
    var idle = new CountDownLatch(1);
    mailbox.whenIdle(idle::countDown);
    await(idle);
  }

  @Test
  void messagesAreHandledInTheOrderInWhichTheyCame() {
    var mailbox = mailbox(1_000, mail -> handled.add(body(mail)));
    var expected = new ArrayList<>();
    for (int i = 0; i < 500; i++) {
      mailbox.add(mail(i));
      expected.add(i);
    }
    settle(mailbox);
    assertEquals(expected, handled);
  }

  @Test
  void oneMessageIsHandledAtATimeWhoeverSends() throws InterruptedException {
    var busy = new AtomicBoolean();
    var overlaps = new AtomicInteger();
    var mailbox =
        mailbox(
            100_000,
            mail -> {
              if (!busy.compareAndSet(false, true)) {
                overlaps.incrementAndGet();
              }
              handled.add(body(mail));
              busy.set(false);
            });
    var senders = new ArrayList<Thread>();
    for (int s = 0; s < 4; s++) {
      int sender = s;
      senders.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    for (int i = 0; i < 1_000; i++) {
                      mailbox.add(mail(sender * 1_000 + i));
                    }
                  }));
    }
    for (Thread sender : senders) {
      sender.join();
    }
    settle(mailbox);

    assertEquals(0, overlaps.get());
    assertEquals(4_000, handled.size());
    for (int s = 0; s < 4; s++) {
      int first = s * 1_000;
      var own =
          handled.stream()
              .map(Integer.class::cast)
              .filter(i -> i >= first && i < first + 1_000)
              .toList();
      assertEquals(own.stream().sorted().toList(), own);
    }
  }

  @Test
  void messagesAreHandledOnAVirtualThread() {
    var thread = new AtomicReference<Thread>();
    var mailbox = mailbox(10, mail -> thread.set(Thread.currentThread()));
    mailbox.add(mail(1));
    settle(mailbox);
    assertTrue(thread.get().isVirtual());
  }

  @Test
  void anIdleMailboxHoldsNoThread() throws InterruptedException {
    var thread = new AtomicReference<Thread>();
    var mailbox = mailbox(10, mail -> thread.set(Thread.currentThread()));
    mailbox.add(mail(1));
    settle(mailbox);
    assertTrue(thread.get().join(java.time.Duration.ofSeconds(20)));

    mailbox.add(mail(2));
    settle(mailbox);
    assertTrue(thread.get().join(java.time.Duration.ofSeconds(20)));
  }

  @Test
  void aFullMailboxRefusesWhatIsOffered() {
    var started = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var mailbox =
        mailbox(
            3,
            mail -> {
              started.countDown();
              await(release);
              handled.add(body(mail));
            });
    assertTrue(mailbox.offer(mail(0)));
    await(started); // 0 is being handled, so it no longer waits
    assertTrue(mailbox.offer(mail(1)));
    assertTrue(mailbox.offer(mail(2)));
    assertTrue(mailbox.offer(mail(3)));
    assertFalse(mailbox.offer(mail(4)));
    assertFalse(mailbox.offer(mail(5)));

    release.countDown();
    settle(mailbox);
    assertEquals(List.of(0, 1, 2, 3), handled);
    assertTrue(mailbox.offer(mail(6)));
    settle(mailbox);
    assertEquals(List.of(0, 1, 2, 3, 6), handled);
  }

  @Test
  void whatMustNotBeLostIsTakenOverTheBound() {
    var started = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var mailbox =
        mailbox(
            1,
            mail -> {
              started.countDown();
              await(release);
              handled.add(body(mail));
            });
    mailbox.add(mail(0));
    await(started);
    mailbox.add(mail(1));
    mailbox.add(mail(2));
    release.countDown();
    settle(mailbox);
    assertEquals(List.of(0, 1, 2), handled);
  }

  @Test
  void aClosedMailboxDropsWhatWaitsAndTakesNothing() {
    var started = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var mailbox =
        mailbox(
            10,
            mail -> {
              started.countDown();
              await(release);
              handled.add(body(mail));
            });
    mailbox.add(mail(0));
    await(started);
    mailbox.add(mail(1));
    mailbox.close();
    mailbox.add(mail(2));
    assertTrue(mailbox.offer(mail(3))); // swallowed, which is no overflow

    release.countDown();
    settle(mailbox);
    assertEquals(List.of(0), handled); // what was being handled runs to its end
  }

  @Test
  void whenIdleWaitsForTheMessageThatIsBeingHandled() {
    var started = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var idle = new CountDownLatch(1);
    var mailbox =
        mailbox(
            10,
            mail -> {
              started.countDown();
              await(release);
              handled.add("handled");
            });
    mailbox.add(mail(0));
    await(started);
    mailbox.close();
    mailbox.whenIdle(
        () -> {
          handled.add("idle");
          idle.countDown();
        });
    assertEquals(1, idle.getCount());

    release.countDown();
    await(idle);
    assertEquals(List.of("handled", "idle"), handled);
  }

  @Test
  void severalMayWaitForIdleness() {
    var mailbox = mailbox(10, mail -> handled.add(body(mail)));
    var idle = new CountDownLatch(2);
    mailbox.whenIdle(idle::countDown);
    mailbox.whenIdle(idle::countDown);
    await(idle);
    assertEquals(List.of(), handled);
  }

  @Test
  void aReaderThatThrowsClosesTheMailboxWhoseThreadGoesOn() {
    var mailbox =
        mailbox(
            10,
            mail -> {
              handled.add(body(mail));
              throw new StackOverflowError("an error, even");
            });
    mailbox.add(mail(1));
    settle(mailbox);
    mailbox.add(mail(2));
    settle(mailbox);
    assertEquals(List.of(1), handled);
    assertFalse(mailbox.isWaiting());
  }

  @Test
  void aReaderThatThrowsOnTheCallersThreadIsNoFaultOfTheCaller() {
    var mailbox =
        mailbox(
            10,
            mail -> {
              throw new StackOverflowError("an error, even");
            });
    assertTrue(mailbox.handleHere(mail(1)));
    settle(mailbox);
  }

  @Test
  void anActionThatThrowsLeavesTheMailboxAsItIs() {
    var mailbox = mailbox(10, mail -> handled.add(body(mail)));
    mailbox.whenIdle(
        () -> {
          throw new IllegalStateException("asked to");
        });
    mailbox.add(mail(1));
    settle(mailbox);
    assertEquals(List.of(1), handled);
  }

  private static Mail sized(String event, int bytes) {
    return new Mail.Out(event, RawPayload.binary(new byte[bytes]));
  }

  @Test
  void aMailboxIsFullByItsBytesAsWell() {
    var started = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var mailbox =
        new Mailbox(
            100,
            1_000,
            MailboxBudget.of(1_000),
            mail -> {
              started.countDown();
              await(release);
              handled.add(((Mail.Out) mail).event());
            });
    assertTrue(mailbox.offer(sized("any size fits into an empty one", 5_000)));
    await(started); // it is being handled, so its bytes no longer wait
    assertTrue(mailbox.offer(sized("a", 400)));
    assertTrue(mailbox.offer(sized("b", 599)));
    assertTrue(mailbox.offer(sized("the one that fills it", 5_000)));
    assertFalse(mailbox.offer(sized("too much", 0)));

    release.countDown();
    settle(mailbox);
    assertEquals(
        List.of("any size fits into an empty one", "a", "b", "the one that fills it"), handled);
    assertTrue(mailbox.offer(sized("room again", 5_000)));
    settle(mailbox);
    assertEquals("room again", handled.getLast());
  }

  @Test
  void anIdleMailboxHandlesAMessageOnTheCallersThread() {
    var threads = Collections.synchronizedList(new ArrayList<Thread>());
    var mailbox =
        mailbox(
            10,
            mail -> {
              threads.add(Thread.currentThread());
              handled.add(body(mail));
            });
    assertTrue(mailbox.handleHere(mail(1)));
    assertEquals(List.of(1), handled);
    assertTrue(mailbox.handleHere(mail(2))); // idle again
    assertEquals(List.of(Thread.currentThread(), Thread.currentThread()), threads);

    assertTrue(mailbox.offer(mail(3)));
    settle(mailbox);
    assertTrue(threads.get(2).isVirtual());
    assertEquals(List.of(1, 2, 3), handled);
  }

  @Test
  void aBusyMailboxHandlesNothingOnTheCallersThread() {
    var started = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var mailbox =
        mailbox(
            10,
            mail -> {
              started.countDown();
              await(release);
              handled.add(body(mail));
            });
    mailbox.add(mail(0));
    await(started);
    assertFalse(mailbox.handleHere(mail("while one runs")));
    mailbox.add(mail(1));
    assertFalse(mailbox.handleHere(mail("while one waits")));

    release.countDown();
    settle(mailbox);
    assertEquals(List.of(0, 1), handled);
  }

  @Test
  void whatComesWhileTheCallersThreadHandlesIsHandledBehindIt() {
    var started = new CountDownLatch(1);
    var release = new CountDownLatch(1);
    var threads = Collections.synchronizedList(new ArrayList<Thread>());
    var mailbox =
        mailbox(
            10,
            mail -> {
              threads.add(Thread.currentThread());
              if (body(mail).equals("here")) {
                started.countDown();
                await(release);
              }
              handled.add(body(mail));
            });
    var caller = Thread.ofPlatform().start(() -> assertTrue(mailbox.handleHere(mail("here"))));
    await(started);
    mailbox.add(mail(1));
    assertTrue(mailbox.offer(mail(2)));
    assertFalse(mailbox.handleHere(mail("not now")));

    release.countDown();
    settle(mailbox);
    assertEquals(List.of("here", 1, 2), handled);
    assertEquals(caller, threads.get(0));
    assertTrue(threads.get(1).isVirtual() && threads.get(2).isVirtual());
  }

  @Test
  @SuppressWarnings("ThreadPriorityCheck")
  void nothingIsLostOrReorderedWhenOneHandlesHereAndManyAdd() throws InterruptedException {
    int rounds = 2_000;
    int senders = 3;
    int own = senders * rounds;
    var round = new AtomicInteger();
    var busy = new AtomicBoolean();
    var overlaps = new AtomicInteger();
    var mailbox =
        mailbox(
            Integer.MAX_VALUE,
            mail -> {
              if (!busy.compareAndSet(false, true)) {
                overlaps.incrementAndGet();
              }
              if ((int) body(mail) >= own) {
                round.incrementAndGet(); // now the others come
                Thread.yield();
              }
              handled.add(body(mail));
              busy.set(false);
            });
    var threads = new ArrayList<Thread>();
    for (int s = 0; s < senders; s++) {
      int sender = s;
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int i = 0; i < rounds; i++) {
                      while (round.get() <= i) {
                        Thread.yield();
                      }
                      mailbox.add(mail(sender * rounds + i));
                    }
                  }));
    }
    for (int i = 0; i < rounds; i++) {
      Mail next = mail(own + i);
      while (!mailbox.handleHere(next)) {
        Thread.yield();
      }
    }
    for (Thread thread : threads) {
      thread.join();
    }
    settle(mailbox);

    assertEquals(0, overlaps.get());
    assertEquals((senders + 1) * rounds, handled.size());
    for (int s = 0; s <= senders; s++) {
      int first = s * rounds;
      var inOrder = IntStream.range(first, first + rounds).boxed().toList();
      var came =
          handled.stream()
              .map(Integer.class::cast)
              .filter(i -> i >= first && i < first + rounds)
              .toList();
      assertEquals(inOrder, came);
    }
  }

  private static Mail event(int bytes) {
    return new Mail.In(new HostMessage.Event(1, null, "say", payload(bytes)));
  }

  private static RawPayload payload(int bytes) {
    return RawPayload.jsonText("\"" + "x".repeat(bytes - 2) + "\"");
  }

  @Test
  void eventsOfAllMailboxesAreBoundedTogether() {
    int free = MailboxBudget.FREE_BYTES;
    var budget = MailboxBudget.of(free);
    var release = new CountDownLatch(1);
    Consumer<Mail> slow = mail -> await(release);
    var boxes =
        IntStream.range(0, 3).mapToObj(i -> new Mailbox(9, 1L << 30, budget, slow)).toList();
    for (Mailbox box : boxes) { // Whose threads wait from here on.
      box.add(mail(0));
      while (box.isWaiting()) {
        Thread.onSpinWait();
      }
    }
    assertTrue(boxes.get(0).offer(event(free)));
    assertEquals(0, budget.taken());
    assertTrue(boxes.get(0).offer(event(free / 2)));
    assertTrue(boxes.get(1).offer(event(free + free / 2)));
    assertEquals(free, budget.taken());

    assertFalse(boxes.get(0).offer(event(2)));
    assertFalse(boxes.get(1).offer(event(2)));
    assertFalse(boxes.get(2).offer(event(free + 1)));
    assertTrue(boxes.get(2).offer(event(free)), "what is free for each is not taken by others");
    assertTrue(boxes.get(0).offer(new Mail.Out("news", payload(free))), "members share it");
    assertTrue(boxes.get(0).offer(mail(1)));
    assertEquals(free, budget.taken());

    boxes.get(1).close(); // It has its mail until the callback returns.
    assertEquals(free, budget.taken());
    release.countDown();
    boxes.forEach(MailboxTest::settle);
    assertEquals(0, budget.taken());
    assertTrue(boxes.get(0).offer(event(2 * free)));
    settle(boxes.get(0));
  }
}
