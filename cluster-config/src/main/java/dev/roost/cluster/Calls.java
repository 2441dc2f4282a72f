package dev.roost.cluster;

import dev.roost.routing.Advertisement;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node was asked for and has not answered yet. {@link #submit} and {@link #close} are for
 * every thread, all else is for the keeper's, which is also where the promises are completed.
 */
final class Calls {

  /** A call and its answer. */
  sealed interface Call {
    Promise<Void> done();

    record Advertise(Advertisement advertisement, Promise<Void> done) implements Call {}

    record Withdraw(String application, Promise<Void> done) implements Call {}
  }

  /** A call that is under way, and until when it is waited for. */
  private record Waiting<C extends Call>(C call, long deadline) {}

  private static final Logger log = LoggerFactory.getLogger(Calls.class);

  private final String node;
  private final Duration patience;
  private final Queue<Call> submitted = new ArrayDeque<>();
  private boolean closed;

  private final List<Waiting<Call.Advertise>> announcing = new ArrayList<>();
  private final List<Waiting<Call.Advertise>> hosting = new ArrayList<>();
  private final List<Waiting<Call.Withdraw>> draining = new ArrayList<>();

  /**
   * No calls yet.
   *
   * @param patience how long a call waits for its effect
   */
  Calls(String node, Duration patience) {
    this.node = node;
    this.patience = patience;
  }

  void submit(Call call) {
    synchronized (submitted) {
      if (!closed) {
        submitted.add(call);
        return;
      }
    }
    call.done().fail(hasLeft());
  }

  /** Takes no more calls. */
  void close() {
    synchronized (submitted) {
      closed = true;
    }
  }

  private IllegalStateException hasLeft() {
    return new IllegalStateException("node " + node + " has left the cluster");
  }

  /** Begins with the calls that came since; what is taken back is marked in the node's offers. */
  void begin(Map<String, Offer> own) {
    var all = new ArrayList<Call>();
    synchronized (submitted) {
      all.addAll(submitted);
      submitted.clear();
    }
    long deadline = System.nanoTime() + patience.toNanos();
    for (Call call : all) {
      switch (call) {
        case Call.Advertise advertise -> announcing.add(new Waiting<>(advertise, deadline));
        case Call.Withdraw withdraw -> {
          abandon(announcing, withdraw.application());
          abandon(hosting, withdraw.application());
          own.computeIfPresent(
              withdraw.application(), (name, offer) -> new Offer(offer.advertisement(), true));
          draining.add(new Waiting<>(withdraw, deadline));
        }
      }
    }
  }

  private static void abandon(List<Waiting<Call.Advertise>> started, String application) {
    started.removeIf(
        earlier ->
            earlier.call().advertisement().application().equals(application)
                && earlier
                    .call()
                    .done()
                    .tryFail(
                        new IllegalStateException(
                            "application \"" + application + "\" was taken back meanwhile")));
  }

  /** Adds what is to be announced to a directory; what conflicts with it is answered at once. */
  Directory announce(Directory present, Map<String, Offer> own, List<Call.Advertise> added) {
    Directory changed = present;
    Iterator<Waiting<Call.Advertise>> all = announcing.iterator();
    while (all.hasNext()) {
      Call.Advertise call = all.next().call();
      var offer = new Offer(call.advertisement(), false);
      try {
        if (own.containsKey(offer.application()) || changed.has(node, offer.application())) {
          throw new IllegalStateException(
              "application \""
                  + offer.application()
                  + "\" is deployed already on node "
                  + node
                  + ": undeploy it first, or give this one another name");
        }
        changed = changed.with(node, offer);
        added.add(call);
      } catch (RuntimeException refused) {
        all.remove();
        call.done().fail(refused);
      }
    }
    return changed;
  }

  /** These are in the directory now, and wait for their hosts. */
  void announced(List<Call.Advertise> added) {
    announcing.removeIf(waiting -> added.contains(waiting.call()) && hosting.add(waiting));
  }

  void refuse(List<Call.Advertise> added, RuntimeException cause) {
    announcing.removeIf(
        waiting -> added.contains(waiting.call()) && waiting.call().done().tryFail(cause));
  }

  /** Answers the calls that have had their effect. */
  void answer(Predicate<String> isHosted, Map<String, Offer> own) {
    hosting.removeIf(
        waiting ->
            isHosted.test(waiting.call().advertisement().application())
                && waiting.call().done().tryComplete());
    draining.removeIf(
        waiting ->
            !own.containsKey(waiting.call().application()) && waiting.call().done().tryComplete());
  }

  /** Gives up on calls that had their time; an application that still drains is taken out. */
  void expire(long now, Map<String, Offer> own) {
    announcing.removeIf(
        waiting ->
            waiting.deadline() - now <= 0
                && waiting
                    .call()
                    .done()
                    .tryFail(
                        new IllegalStateException(
                            "the cluster's registry did not take the application within "
                                + patience
                                + "; see the log for why")));
    hosting.removeIf(
        waiting -> {
          if (waiting.deadline() - now > 0) {
            return false;
          }
          log.warn(
              "application {}: some partitions have no host after {}",
              waiting.call().advertisement().application(),
              patience);
          return waiting.call().done().tryComplete();
        });
    draining.removeIf(
        waiting -> {
          String application = waiting.call().application();
          if (waiting.deadline() - now > 0) {
            return false;
          }
          log.warn(
              "application {}: not all partitions were taken over within {}",
              application,
              patience);
          own.remove(application);
          return waiting.call().done().tryComplete();
        });
  }

  /** Answers all that are left. */
  void end() {
    var unanswered = new ArrayList<Call>();
    announcing.forEach(waiting -> unanswered.add(waiting.call()));
    hosting.forEach(waiting -> unanswered.add(waiting.call()));
    draining.forEach(waiting -> unanswered.add(waiting.call()));
    synchronized (submitted) {
      unanswered.addAll(submitted);
    }
    unanswered.forEach(call -> call.done().fail(hasLeft()));
  }
}
