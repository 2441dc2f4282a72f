package dev.roost.host;

import java.util.ArrayDeque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Messages for one channel, handled one at a time in order of arrival on a virtual thread. An idle
 * mailbox holds neither a thread nor a queue. Safe for any thread.
 */
final class Mailbox {

  /*
   * A flag and a lock, not a thread that waits: a parked virtual thread for each channel costs
   * 1.5-2.4 KB, a fresh one for each burst of messages 0.9 µs. The queue is made when a second
   * message waits and dropped when it is empty. After a batch the thread yields, so that one busy
   * channel does not keep its carrier from others.
   */
  private static final int BATCH = 64;
  private static final Thread.Builder.OfVirtual THREADS = Thread.ofVirtual().name("roost-channel");

  private final int limit;
  private final Consumer<Mail> reader;
  private @Nullable Mail next;
  private @Nullable ArrayDeque<Mail> rest;
  private boolean held;
  private boolean active;
  private boolean closed;
  private @Nullable Runnable whenIdle;

  /** A mailbox for at most this many waiting messages. */
  Mailbox(int limit, Consumer<Mail> reader) {
    this.limit = limit;
    this.reader = reader;
  }

  /** Adds a message unless the mailbox is full; a closed one swallows it. */
  synchronized boolean offer(Mail mail) {
    if (rest != null && rest.size() >= limit) {
      return false;
    }
    add(mail);
    return true;
  }

  /** Adds a message whatever the bound: for what must not be lost. */
  synchronized void add(Mail mail) {
    if (closed) {
      return;
    }
    if (next == null) {
      next = mail;
    } else {
      if (rest == null) {
        rest = new ArrayDeque<>(4);
      }
      rest.add(mail);
    }
    activate();
  }

  /** Drops what waits and takes nothing more; a message being handled runs to its end. */
  synchronized void close() {
    closed = true;
    next = null;
    rest = null;
  }

  /** Handles nothing until {@link #release}. */
  synchronized void hold() {
    held = true;
  }

  /** Ends {@link #hold}. */
  synchronized void release() {
    held = false;
    activate();
  }

  /**
   * Runs this once no message is being handled: now, or on the thread that handles the last one.
   */
  void whenIdle(Runnable action) {
    synchronized (this) {
      if (active) {
        whenIdle = action;
        return;
      }
    }
    action.run();
  }

  private void activate() {
    if (!active && !held && next != null) {
      active = true;
      THREADS.start(this::drain);
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // fairness among virtual threads is what yield is for
  private void drain() {
    int handled = 0;
    Mail mail = poll();
    while (mail != null) {
      reader.accept(mail);
      if (++handled % BATCH == 0) {
        Thread.yield();
      }
      mail = poll();
    }
  }

  private @Nullable Mail poll() {
    Runnable idle;
    synchronized (this) {
      Mail mail = next;
      if (mail != null) {
        next = rest == null ? null : rest.poll();
        if (next == null) {
          rest = null;
        }
        return mail;
      }
      active = false;
      idle = whenIdle;
      whenIdle = null;
    }
    if (idle != null) {
      idle.run();
    }
    return null;
  }
}
