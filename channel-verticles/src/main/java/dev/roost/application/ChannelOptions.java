package dev.roost.application;

import dev.roost.presence.PresenceOptions;
import java.time.Duration;
import java.util.Objects;

/**
 * How channel verticles run an application. Every option has a default; {@code with..} methods
 * change one.
 *
 * @param verticles host verticles, each on an event loop of its own; default one for each processor
 * @param mailboxMessages messages waiting for one channel, and apart from these messages of {@code
 *     sendAfter} waiting for their time; default 1,000. At the bound a client's event is answered
 *     status error with {@code {"reason": "mailbox full"}}; an intercepted broadcast or a message
 *     of the application crashes the channel, so that no loss goes unnoticed
 * @param mailboxBytes payloads waiting for one channel, together; default 16 MiB, with the same
 *     consequences
 * @param mailboxTotalBytes what the events of clients that wait for all channels of the process may
 *     take together, 64 KiB for each channel apart; default a quarter of the heap, 32 MiB at least.
 *     Over it an event for a channel that has more than these 64 KiB waiting is answered {@code
 *     mailbox full}
 * @param callbackTimeout how long a callback may run; default 30 s. Then its thread is interrupted
 *     and the channel is over: {@code phx_error}, or {@code "join crashed"} for a join
 * @param callbackWarning after this time a callback that still runs is told of in the log, with
 *     where it is; default 5 s
 * @param replaceTimeout how long a duplicate join waits for the callback that the old channel is in
 *     (J-40), and undeployment for callbacks, {@code terminate} above all (L-33): what has not
 *     returned by then is interrupted; default 5 s
 * @param filter what of params and payloads may stand in the log; default {@link
 *     ParameterFilter#defaults}
 * @param presence limits and pace of presences
 * @param telemetry who is told what happens; default nobody
 */
public record ChannelOptions(
    int verticles,
    int mailboxMessages,
    long mailboxBytes,
    long mailboxTotalBytes,
    Duration callbackTimeout,
    Duration callbackWarning,
    Duration replaceTimeout,
    ParameterFilter filter,
    PresenceOptions presence,
    Telemetry telemetry) {

  public ChannelOptions {
    Objects.requireNonNull(filter, "filter");
    Objects.requireNonNull(presence, "presence");
    Objects.requireNonNull(telemetry, "telemetry");
    if (verticles < 1) {
      throw new IllegalArgumentException("verticles is 1 or more, got " + verticles);
    }
    if (mailboxMessages < 1) {
      throw new IllegalArgumentException("mailboxMessages is 1 or more, got " + mailboxMessages);
    }
    if (mailboxBytes < 1_024) {
      throw new IllegalArgumentException("mailboxBytes is 1024 or more, got " + mailboxBytes);
    }
    if (mailboxTotalBytes < 1_024) {
      throw new IllegalArgumentException(
          "mailboxTotalBytes is 1024 or more, got " + mailboxTotalBytes);
    }
    positive("callbackTimeout", callbackTimeout);
    positive("callbackWarning", callbackWarning);
    positive("replaceTimeout", replaceTimeout);
  }

  private static void positive(String option, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(option + " is more than 0, got " + value);
    }
  }

  public static ChannelOptions defaults() {
    return new ChannelOptions(
        Runtime.getRuntime().availableProcessors(),
        1_000,
        16L << 20,
        Math.max(32L << 20, Runtime.getRuntime().maxMemory() / 4),
        Duration.ofSeconds(30),
        Duration.ofSeconds(5),
        Duration.ofSeconds(5),
        ParameterFilter.defaults(),
        PresenceOptions.defaults(),
        Telemetry.none());
  }

  public ChannelOptions withVerticles(int value) {
    return new ChannelOptions(
        value,
        mailboxMessages,
        mailboxBytes,
        mailboxTotalBytes,
        callbackTimeout,
        callbackWarning,
        replaceTimeout,
        filter,
        presence,
        telemetry);
  }

  public ChannelOptions withMailboxMessages(int value) {
    return new ChannelOptions(
        verticles,
        value,
        mailboxBytes,
        mailboxTotalBytes,
        callbackTimeout,
        callbackWarning,
        replaceTimeout,
        filter,
        presence,
        telemetry);
  }

  public ChannelOptions withMailboxBytes(long value) {
    return new ChannelOptions(
        verticles,
        mailboxMessages,
        value,
        mailboxTotalBytes,
        callbackTimeout,
        callbackWarning,
        replaceTimeout,
        filter,
        presence,
        telemetry);
  }

  public ChannelOptions withMailboxTotalBytes(long value) {
    return new ChannelOptions(
        verticles,
        mailboxMessages,
        mailboxBytes,
        value,
        callbackTimeout,
        callbackWarning,
        replaceTimeout,
        filter,
        presence,
        telemetry);
  }

  public ChannelOptions withCallbackTimeout(Duration value) {
    return new ChannelOptions(
        verticles,
        mailboxMessages,
        mailboxBytes,
        mailboxTotalBytes,
        value,
        callbackWarning,
        replaceTimeout,
        filter,
        presence,
        telemetry);
  }

  public ChannelOptions withCallbackWarning(Duration value) {
    return new ChannelOptions(
        verticles,
        mailboxMessages,
        mailboxBytes,
        mailboxTotalBytes,
        callbackTimeout,
        value,
        replaceTimeout,
        filter,
        presence,
        telemetry);
  }

  public ChannelOptions withReplaceTimeout(Duration value) {
    return new ChannelOptions(
        verticles,
        mailboxMessages,
        mailboxBytes,
        mailboxTotalBytes,
        callbackTimeout,
        callbackWarning,
        value,
        filter,
        presence,
        telemetry);
  }

  public ChannelOptions withFilter(ParameterFilter value) {
    return new ChannelOptions(
        verticles,
        mailboxMessages,
        mailboxBytes,
        mailboxTotalBytes,
        callbackTimeout,
        callbackWarning,
        replaceTimeout,
        value,
        presence,
        telemetry);
  }

  public ChannelOptions withPresence(PresenceOptions value) {
    return new ChannelOptions(
        verticles,
        mailboxMessages,
        mailboxBytes,
        mailboxTotalBytes,
        callbackTimeout,
        callbackWarning,
        replaceTimeout,
        filter,
        value,
        telemetry);
  }

  public ChannelOptions withTelemetry(Telemetry value) {
    return new ChannelOptions(
        verticles,
        mailboxMessages,
        mailboxBytes,
        mailboxTotalBytes,
        callbackTimeout,
        callbackWarning,
        replaceTimeout,
        filter,
        presence,
        value);
  }
}
