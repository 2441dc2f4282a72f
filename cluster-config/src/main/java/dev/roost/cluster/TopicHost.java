package dev.roost.cluster;

import dev.roost.bus.BusEndpoint;
import dev.roost.hosting.PartitionTable;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.function.Function;

/** Whoever hosts a topic, now or in a moment. Safe for any thread; never blocks. */
public record TopicHost(ClusterNode node, String application, String topic) {

  private static final long RETRY_MS = 50;

  /** How long somebody waits for a topic to have a host, if nothing else is said: 5 s. */
  public static final Duration TIMEOUT = Duration.ofSeconds(5);

  /**
   * Asks it; again while the topic has no host, or has just got another.
   *
   * @param limit how long to go on
   * @param question what is asked of the host with this inbox; fails with {@link
   *     BusEndpoint.NotHosted} if it is not the topic's
   * @return the answer; fails with {@link BusEndpoint.NotHosted} if there was no host for so long,
   *     and as the question fails otherwise
   */
  public <T> Future<T> ask(Duration limit, Function<String, Future<T>> question) {
    return ask(System.nanoTime(), limit, question);
  }

  private <T> Future<T> ask(long began, Duration limit, Function<String, Future<T>> question) {
    return node.snapshot()
        .partitions()
        .owner(application, PartitionTable.partition(topic))
        .map(owner -> question.apply(owner.inbox()))
        .orElseGet(() -> Future.failedFuture(new BusEndpoint.NotHosted()))
        .recover(
            cause -> {
              boolean isLate = System.nanoTime() - began > limit.toNanos();
              return isLate || !(cause instanceof BusEndpoint.NotHosted)
                  ? Future.failedFuture(cause)
                  : node.vertx().timer(RETRY_MS).compose(ignored -> ask(began, limit, question));
            });
  }
}
