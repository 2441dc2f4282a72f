package dev.roost.launcher.settings;

import dev.roost.presence.PresenceOptions;
import java.time.Duration;
import picocli.CommandLine.Option;

/** The settings of presences: {@link PresenceOptions}. */
final class PresenceFlags {

  @Option(
      names = "--presence-window",
      paramLabel = "TIME",
      defaultValue = "50ms",
      converter = Values.Time.class,
      description =
          "Changes of presence that are gathered before a topic's members are told; larger for"
              + " topics of more than 2,500 members, up to 1 s. Default: ${DEFAULT-VALUE}.")
  Duration presenceWindow;

  @Option(
      names = "--max-topic-presences",
      paramLabel = "NUMBER",
      defaultValue = "100000",
      converter = Values.Count.class,
      description =
          "Presences in one topic; over it who tracks gets an error. Default: ${DEFAULT-VALUE}.")
  int maxTopicPresences;

  @Option(
      names = "--max-channel-presences",
      paramLabel = "NUMBER",
      defaultValue = "100",
      converter = Values.Count.class,
      description =
          "Presences of one channel, in all topics; over it it gets an error."
              + " Default: ${DEFAULT-VALUE}.")
  int maxChannelPresences;

  @Option(
      names = "--max-meta-bytes",
      paramLabel = "BYTES",
      defaultValue = "4096",
      converter = Values.Bytes.class,
      description =
          "JSON of one presence's meta; over it who tracks gets an error."
              + " Default: ${DEFAULT-VALUE}.")
  int maxMetaBytes;

  @Option(
      names = "--presence-rate",
      paramLabel = "NUMBER",
      defaultValue = "100",
      converter = Values.Count.class,
      description =
          "Tracks and updates of one channel a second; over it it gets an error."
              + " Default: ${DEFAULT-VALUE}.")
  int presenceRate;

  PresenceOptions options() {
    return PresenceOptions.defaults()
        .withDiffWindow(presenceWindow)
        .withTopicPresences(maxTopicPresences)
        .withTrackerPresences(maxChannelPresences)
        .withMetaBytes(maxMetaBytes)
        .withTrackerRate(presenceRate);
  }
}
