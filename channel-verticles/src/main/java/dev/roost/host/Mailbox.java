package dev.roost.host;

import dev.roost.tracking.Thrown;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Messages for one channel, handled one at a time in order of arrival on a virtual thread. An idle
 * mailbox holds neither a thread nor a queue, and one whose reader throws is closed. Safe for any
 * thread.
 */
final class Mailbox {

  /*
   * A linked queue of many producers and one consumer whose tail doubles as the idle flag: whoever
   * swaps the first node in starts the thread, and the thread ends by swapping its last node out. No
   * lock, because a virtual thread that meets a held monitor is unmounted and resumed by yet another
   * thread; no thread that waits, because a parked virtual thread for each channel costs 1.5-2.4 KB
   * and a fresh one for each burst of messages 0.9 µs. After a batch the thread yields, so that one
   * busy channel does not keep its carrier from others.
   */
  private static final Logger log = LoggerFactory.getLogger(Mailbox.class);
  private static final int BATCH = 64;
  private static final Thread.Builder.OfVirtual THREADS = Thread.ofVirtual().name("roost-channel");
  private static final VarHandle TAIL;
  private static final VarHandle WAITING;
  private static final VarHandle BYTES;
  private static final VarHandle OWN_BYTES;

  static {
    try {
      var lookup = MethodHandles.lookup();
      TAIL = lookup.findVarHandle(Mailbox.class, "tail", Node.class);
      WAITING = lookup.findVarHandle(Mailbox.class, "waiting", int.class);
      BYTES = lookup.findVarHandle(Mailbox.class, "bytes", long.class);
      OWN_BYTES = lookup.findVarHandle(Mailbox.class, "ownBytes", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int maxMessages;
  private final long maxBytes;
  private final MailboxBudget budget;
  private final Consumer<Mail> reader;
  private volatile @Nullable Node tail;
  private volatile int waiting;
  private volatile long bytes;
  private volatile long ownBytes;
  private volatile boolean closed;

  private static final class Node {
    final int size;
    @Nullable Mail mail;
    volatile @Nullable Node next;

    Node(Mail mail) {
      this.mail = mail;
      this.size = mail.size();
    }
  }

  /**
   * A mailbox that is full when so many messages wait, or so many bytes of payload; one message
   * fits into an empty one whatever its size, if the budget of all has room for it.
   */
  Mailbox(int maxMessages, long maxBytes, MailboxBudget budget, Consumer<Mail> reader) {
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
    this.budget = budget;
    this.reader = reader;
  }

  /** Adds a message unless the mailbox is full; a closed one swallows it. */
  boolean offer(Mail mail) {
    if (waiting >= maxMessages || bytes >= maxBytes) {
      return false;
    }
    if (mail.ownSize() > 0 && !budget.hasRoom(ownBytes + mail.ownSize())) {
      return false;
    }
    add(mail);
    return true;
  }

  /** Whether there is something that no thread has taken up. */
  boolean isWaiting() {
    return waiting > 0;
  }

  /** Whether it is the bytes of what waits that make it full, rather than their number. */
  boolean isFullOfBytes() {
    return bytes >= maxBytes;
  }

  /** Whether it is what waits in all mailboxes together. */
  boolean isShortOfBudget() {
    return waiting < maxMessages && !budget.hasRoom(Long.MAX_VALUE);
  }

  /** Adds a message whatever the bound: for what must not be lost. */
  void add(Mail mail) {
    if (!closed) {
      append(mail);
    }
  }

  /**
   * Handles a message on the caller's thread if none waits and none is being handled.
   *
   * @return false if one does: nothing has happened then
   */
  boolean handleHere(Mail mail) {
    var node = new Node(mail);
    if (!TAIL.compareAndSet(this, null, node)) {
      return false;
    }
    handle(mail);
    if (!TAIL.compareAndSet(this, node, null)) {
      Node next = successor(node);
      THREADS.start(() -> drain(next));
    }
    return true;
  }

  /** Drops what waits and takes nothing more; a message being handled runs to its end. */
  void close() {
    closed = true;
  }

  /** Runs this on the mailbox's thread, behind the message that is being handled, closed or not. */
  void whenIdle(Runnable action) {
    append(new Mail.Idle(action));
  }

  private void append(Mail mail) {
    var node = new Node(mail);
    WAITING.getAndAdd(this, 1);
    BYTES.getAndAdd(this, (long) node.size);
    addOwn(mail.ownSize());
    var previous = (Node) TAIL.getAndSet(this, node);
    if (previous == null) {
      THREADS.start(() -> drain(node));
    } else {
      previous.next = node;
    }
  }

  private void addOwn(long size) {
    if (size != 0) {
      long before = (long) OWN_BYTES.getAndAdd(this, size);
      budget.changed(before, before + size);
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // fairness among virtual threads is what yield is for
  private void drain(Node first) {
    Node node = first;
    int handled = 0;
    while (true) {
      WAITING.getAndAdd(this, -1);
      BYTES.getAndAdd(this, (long) -node.size);
      Mail mail = node.mail;
      // The thread holds its first node for life: neither its mail nor its successors hang on it.
      node.mail = null;
      if (mail != null) {
        addOwn(-mail.ownSize());
        handle(mail);
      }
      Node next = node.next;
      if (next == null) {
        if (TAIL.compareAndSet(this, node, null)) {
          return;
        }
        next = successor(node);
      }
      node.next = null;
      node = next;
      if (++handled % BATCH == 0) {
        Thread.yield();
      }
    }
  }

  /** The node behind this one, which somebody has swapped in and links in a moment. */
  private static Node successor(Node node) {
    Node next = node.next;
    while (next == null) {
      Thread.onSpinWait();
      next = node.next;
    }
    return next;
  }

  // Nothing leaves this: a thread that died would leave its tail, and none would start again.
  private void handle(Mail mail) {
    try {
      if (mail instanceof Mail.Idle(var action)) {
        action.run();
      } else if (!closed) {
        read(mail);
      }
    } catch (Throwable cause) {
      new Thrown(cause).log(log, Level.ERROR, "a mailbox's thread goes on all the same");
    }
  }

  private void read(Mail mail) {
    boolean isRead = false;
    try {
      reader.accept(mail);
      isRead = true;
    } finally {
      if (!isRead) {
        close();
      }
    }
  }
}
