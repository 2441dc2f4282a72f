package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class MailboxTest {

  private final List<Object> handled = Collections.synchronizedList(new ArrayList<>());

  private static Mail mail(Object body) {
    return new Mail.Message(body);
  }

  private static Mailbox mailbox(int messages, Consumer<Mail> reader) {
    return new Mailbox(messages, 1_000_000, reader);
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
}
