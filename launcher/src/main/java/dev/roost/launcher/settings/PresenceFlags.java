package dev.roost.launcher.settings;

import dev.roost.presence.PresenceOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import picocli.CommandLine.Option;

/** The settings of presences: {@link PresenceOptions}. */
final class PresenceFlags {

  @Option(
      names = "--presence-diff-window",
      paramLabel = "TIME",
      defaultValue = "50ms",
      converter = Values.Time.class,
      description =
          "Changes of presence that are gathered before a topic's members are told."
              + " Default: ${DEFAULT-VALUE}.")
  Duration diffWindow;

  @Option(
      names = "--presence-diff-window-per-thousand",
      paramLabel = "TIME",
      defaultValue = "20ms",
      converter = Values.Time.class,
      description =
          "The window of a topic with many members, for each thousand. Default: ${DEFAULT-VALUE}.")
  Duration diffWindowPerThousand;

  @Option(
      names = "--presence-max-diff-window",
      paramLabel = "TIME",
      defaultValue = "500ms",
      converter = Values.Time.class,
      description = "The longest window of any topic. Default: ${DEFAULT-VALUE}.")
  Duration maxDiffWindow;

  @Option(
      names = "--presence-topic-presences",
      paramLabel = "NUMBER",
      defaultValue = "100000",
      converter = Values.Count.class,
      description =
          "Presences in one topic; over it who tracks gets an error. Default: ${DEFAULT-VALUE}.")
  int topicPresences;

  @Option(
      names = "--presence-topic-bytes",
      paramLabel = "BYTES",
      defaultValue = "8388608",
      converter = Values.Bytes.class,
      description =
          "JSON of one topic's presences, 8 MiB at most; over it who tracks gets an error."
              + " Default: ${DEFAULT-VALUE}.")
  int topicBytes;

  @Option(
      names = "--presence-meta-bytes",
      paramLabel = "BYTES",
      defaultValue = "4096",
      converter = Values.Bytes.class,
      description =
          "JSON of one presence's meta; over it who tracks gets an error."
              + " Default: ${DEFAULT-VALUE}.")
  int metaBytes;

  @Option(
      names = "--presence-socket-presences",
      paramLabel = "NUMBER",
      defaultValue = "1000",
      converter = Values.Count.class,
      description =
          "Presences of one socket, of all its channels; over it who tracks gets an error."
              + " Default: ${DEFAULT-VALUE}.")
  int socketPresences;

  @Option(
      names = "--presence-socket-rate",
      paramLabel = "NUMBER",
      defaultValue = "100",
      converter = Values.Count.class,
      description =
          "Tracks and updates of one socket a second, counted likewise; over it who tracks gets an"
              + " error."
              + " Default: ${DEFAULT-VALUE}.")
  int socketRate;

  @Option(
      names = "--presence-fetch-timeout",
      paramLabel = "TIME",
      defaultValue = "1s",
      converter = Values.Time.class,
      description =
          "What an application may take to look up presences of a list or diff, which then goes out"
              + " without. Default: ${DEFAULT-VALUE}.")
  Duration fetchTimeout;

  /** What is wrong with settings that are right each by itself. */
  List<String> conflicts(UnaryOperator<String> origin) {
    var problems = new ArrayList<String>();
    if (diffWindow.compareTo(maxDiffWindow) > 0) {
      problems.add(
          origin.apply("presence-diff-window")
              + ": is more than presence-max-diff-window: lower it, or raise that");
    }
    if (topicBytes > PresenceOptions.MAX_TOPIC_BYTES) {
      problems.add(
          origin.apply("presence-topic-bytes")
              + (": expected at most " + PresenceOptions.MAX_TOPIC_BYTES + ", got " + topicBytes));
    }
    if (metaBytes > topicBytes) {
      problems.add(
          origin.apply("presence-meta-bytes")
              + ": is more than presence-topic-bytes: lower it, or raise that");
    }
    return problems;
  }

  PresenceOptions options() {
    return new PresenceOptions(
        diffWindow,
        diffWindowPerThousand,
        maxDiffWindow,
        topicPresences,
        topicBytes,
        metaBytes,
        socketPresences,
        socketRate,
        fetchTimeout);
  }
}
