package dev.roost.gateway.admission;

import dev.roost.gateway.Limit;
import java.util.concurrent.atomic.AtomicBoolean;

/** What somebody who asked for a place got. */
public sealed interface Admission {

  /** A place that counts until it is given back. Safe for any thread. */
  final class Place implements Admission {

    /** For whom nothing is counted. */
    public static final Place NONE = new Place(() -> {});

    private final Runnable release;
    private final AtomicBoolean given = new AtomicBoolean();

    Place(Runnable release) {
      this.release = release;
    }

    /** The first call counts. */
    public void giveBack() {
      if (given.compareAndSet(false, true)) {
        release.run();
      }
    }
  }

  /**
   * There is no room.
   *
   * @param status of the answer: 429 for one client, 503 for everybody
   * @param limit the option that says so
   */
  record Refused(int status, Limit limit) implements Admission {

    static final int TOO_MANY_REQUESTS = 429;
    static final int UNAVAILABLE = 503;

    /** With the status that is for this limit. */
    public static Refused of(Limit limit) {
      return new Refused(
          switch (limit) {
            case MAX_CONNECTIONS_PER_ADDRESS, HANDSHAKES_PER_SECOND_PER_ADDRESS ->
                TOO_MANY_REQUESTS;
            default -> UNAVAILABLE;
          },
          limit);
    }

    /** Seconds until another try makes sense: a rate is met again at once, a place is not. */
    public int retryAfter() {
      return switch (limit) {
        case HANDSHAKES_PER_SECOND, HANDSHAKES_PER_SECOND_PER_ADDRESS -> 1;
        default -> 5;
      };
    }
  }
}
