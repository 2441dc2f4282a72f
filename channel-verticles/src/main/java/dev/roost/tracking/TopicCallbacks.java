package dev.roost.tracking;

import dev.roost.application.Telemetry.Bound;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Runs an application's callbacks for one topic, one at a time and in order, each on a virtual
 * thread. One that takes too long is interrupted and given up. Of those that fail in a row the log
 * tells of the first, second, fourth and so on, as far as the host's topics have not failed too
 * often together. Used on the host's context only.
 */
final class TopicCallbacks {

  private static final Logger log = LoggerFactory.getLogger(TopicCallbacks.class);
  private static final Thread.Builder.OfVirtual THREADS = Thread.ofVirtual().name("roost-presence");

  private final String topic;
  private final TrackingContext context;
  private final Duration limit;
  private final Bound bound;
  private final Runnable whenIdle;
  private final Queue<Call<?>> waiting = new ArrayDeque<>(1);
  private @Nullable Call<?> running;
  private @Nullable Thread thread;
  private long started;
  private long failures;

  /**
   * @param bound counted when one takes longer than its limit
   * @param whenIdle told when no callback runs or waits any more
   */
  TopicCallbacks(
      String topic, TrackingContext context, Duration limit, Bound bound, Runnable whenIdle) {
    this.topic = topic;
    this.context = context;
    this.limit = limit;
    this.bound = bound;
    this.whenIdle = whenIdle;
  }

  /** A callback that waits or runs. */
  private static final class Call<T> {
    final String name;
    final Supplier<@Nullable Callable<T>> begin;
    final Consumer<? super T> then;
    final Runnable otherwise;

    Call(
        String name,
        Supplier<@Nullable Callable<T>> begin,
        Consumer<? super T> then,
        Runnable otherwise) {
      this.name = name;
      this.begin = begin;
      this.then = then;
      this.otherwise = otherwise;
    }
  }

  boolean isIdle() {
    return running == null && waiting.isEmpty();
  }

  /**
   * Runs a callback when those before it have ended.
   *
   * @param begin makes it when its turn has come, on the context; null if there is no need any more
   * @param then gets the result, on the context
   * @param otherwise runs instead if the callback failed or took too long, on the context
   */
  <T> void call(
      String name,
      Supplier<@Nullable Callable<T>> begin,
      Consumer<? super T> then,
      Runnable otherwise) {
    waiting.add(new Call<>(name, begin, then, otherwise));
    if (running == null) {
      next();
    }
  }

  private void next() {
    for (Call<?> call = waiting.poll(); call != null; call = waiting.poll()) {
      running = call;
      if (hasBegun(call)) {
        return;
      }
    }
    running = null;
    whenIdle.run();
  }

  private <T> boolean hasBegun(Call<T> call) {
    Callable<T> callback = call.begin.get();
    if (callback != null) {
      start(call, callback);
    }
    return callback != null;
  }

  private <T> void start(Call<T> call, Callable<T> callback) {
    thread =
        THREADS.start(
            () -> {
              try {
                T result = callback.call();
                context.execute(() -> finished(call, () -> succeeded(call, result)));
              } catch (Throwable cause) {
                context.execute(() -> finished(call, () -> failed(call, cause)));
              }
            });
    // By its number: a timer that held the call would keep its payloads long after its end.
    long number = ++started;
    context.after(limit.toMillis(), () -> overdue(number));
  }

  private void overdue(long number) {
    Call<?> call = running;
    Thread hanging = thread;
    if (call == null || hanging == null || number != started) {
      return;
    }
    hanging.interrupt();
    context.reached(topic, bound);
    finished(
        call,
        () -> {
          if (isToldOf(++failures)) {
            log.atLevel(context.level(Level.ERROR))
                .log(
                    "{} did not return within {}, topic={}; its thread is interrupted{}",
                    call.name,
                    limit,
                    topic,
                    inARow());
          }
          call.otherwise.run();
        });
  }

  private <T> void succeeded(Call<T> call, T result) {
    failures = 0;
    call.then.accept(result);
  }

  private void failed(Call<?> call, Throwable cause) {
    if (isToldOf(++failures)) {
      new Thrown(cause)
          .log(
              log, context.level(Level.ERROR), "{} failed, topic={}{}", call.name, topic, inARow());
    }
    call.otherwise.run();
  }

  private static boolean isToldOf(long failure) {
    return Long.bitCount(failure) == 1;
  }

  private String inARow() {
    return failures == 1 ? "" : " (" + failures + " failures in a row)";
  }

  private void finished(Call<?> call, Runnable effect) {
    if (running == call) {
      thread = null;
      try {
        effect.run();
      } finally {
        next();
      }
    }
  }
}
