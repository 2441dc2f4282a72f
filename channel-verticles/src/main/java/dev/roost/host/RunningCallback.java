package dev.roost.host;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which callback of a channel runs, since when, and where it is. Written by the mailbox's thread,
 * read by any.
 */
final class RunningCallback {

  /*
   * Whoever finds a beginning in `since` finds the callback that began then, or a later one, in `name`
   * and `event`: those are written before it, and read after it.
   *
   * The outcome of a join or a handleIn is told of once: by its own thread when it has returned, or by
   * whoever ends it before that. Who swaps its beginning in `untold` for 0 is the one; the thread
   * tries to before it begins anything else.
   */
  private static final VarHandle UNTOLD;

  static {
    try {
      UNTOLD = MethodHandles.lookup().findVarHandle(RunningCallback.class, "untold", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /**
   * A callback that was ended before it returned.
   *
   * @param isJoin whether it is a join; it is a handleIn otherwise
   * @param event of a handleIn
   * @param began as of {@link System#nanoTime}
   */
  record Unfinished(boolean isJoin, String event, long began) {}

  private volatile @Nullable Thread thread;
  private volatile long since;
  private volatile String event = "join";
  private String name = "join";
  private volatile long untold;
  private long warned;

  /* ---- the mailbox's thread */

  /** The thread takes up mail: from here on a callback runs or may run. */
  void takeUp() {
    thread = Thread.currentThread();
  }

  /** The thread is done with it. */
  void layDown() {
    since = 0;
    thread = null;
    if (Thread.currentThread().isVirtual()) {
      // One that a callback left behind is not the next one's; an event loop's is not ours.
      var unused = Thread.interrupted();
    }
  }

  /**
   * A callback begins, perhaps inside another, which has ended then.
   *
   * @param callback such as {@code handleIn}
   * @param subject the event that it is for; the callback's own name if there is none
   * @return when, as of {@link System#nanoTime}, never 0
   */
  long begin(String callback, String subject) {
    event = subject;
    name = callback;
    long now = System.nanoTime() | 1;
    since = now;
    return now;
  }

  /** The same of a join or handleIn, whose outcome is to be told of. */
  long beginTold(String callback, String subject) {
    event = subject;
    name = callback;
    long now = System.nanoTime() | 1;
    untold = now;
    since = now;
    return now;
  }

  /** Whether the outcome of what began then is still to be told of: it is the caller's from now. */
  boolean takeOutcome(long began) {
    return UNTOLD.compareAndSet(this, began, 0L);
  }

  /** It has returned; what the channel does with the result is not its time. */
  void end() {
    since = 0;
  }

  /** What it is for, or was, if none runs. */
  String event() {
    return event;
  }

  /* ---- any thread */

  /** When it began; 0 if none runs. */
  long since() {
    return since;
  }

  /** Whether a callback runs or may run. */
  boolean mayRun() {
    return thread != null;
  }

  /** What is to be told of as crashed, by the caller; null if it has returned, or is told of. */
  @Nullable Unfinished takeUnfinished() {
    long began = untold;
    if (began == 0) {
      return null;
    }
    var unfinished = new Unfinished(name.equals("join"), event, began);
    return takeOutcome(began) ? unfinished : null;
  }

  /** {@code handleIn("shout")}. */
  String describe() {
    return name.equals(event) ? event : name + "(\"" + event + "\")";
  }

  /** Where it is; empty if it is over by now. */
  List<StackTraceElement> stack() {
    Thread running = thread;
    return running == null ? List.of() : List.of(running.getStackTrace());
  }

  void interrupt() {
    Thread running = thread;
    if (running != null) {
      running.interrupt();
    }
  }

  /** Whether this one, by its beginning, is warned of for the first time; on the host's context. */
  boolean warnsFirst(long started) {
    boolean first = warned != started;
    warned = started;
    return first;
  }
}
