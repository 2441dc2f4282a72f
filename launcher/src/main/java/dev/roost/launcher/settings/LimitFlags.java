package dev.roost.launcher.settings;

import dev.roost.application.ParameterFilter;
import dev.roost.gateway.GatewayLimits;
import dev.roost.gateway.admission.ConnectionLimits;
import dev.roost.routing.SocketLimits;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/**
 * The settings of what is bound whatever applications ask for, {@link GatewayLimits}, and of logs.
 */
final class LimitFlags {

  private static final int MAX_NAME_BYTES = SocketLimits.most().maxTopicBytes();

  @Option(
      names = "--max-connections",
      paramLabel = "NUMBER",
      defaultValue = "250000",
      converter = Values.Count.class,
      description =
          "Connections and long-poll sessions of this process; over it 503."
              + " Default: ${DEFAULT-VALUE}.")
  int maxConnections;

  @Option(
      names = "--max-connections-per-address",
      paramLabel = "NUMBER",
      defaultValue = "50000",
      converter = Values.Count.class,
      description =
          "Those of one client address, or of a /64 of IPv6; over it 429."
              + " Default: ${DEFAULT-VALUE}.")
  int maxConnectionsPerAddress;

  @Option(
      names = "--handshakes-per-second",
      paramLabel = "NUMBER",
      defaultValue = "50000",
      converter = Values.Count.class,
      description =
          "Requests for a socket in this process; over it 503. Default: ${DEFAULT-VALUE}.")
  int handshakesPerSecond;

  @Option(
      names = "--handshakes-per-second-per-address",
      paramLabel = "NUMBER",
      defaultValue = "20000",
      converter = Values.Count.class,
      description = "Those of one client address; over it 429. Default: ${DEFAULT-VALUE}.")
  int handshakesPerSecondPerAddress;

  @Option(
      names = "--max-fragments",
      paramLabel = "NUMBER",
      defaultValue = "4096",
      converter = Values.Count.class,
      description = "Frames of one message; over it close 1009. Default: ${DEFAULT-VALUE}.")
  int maxFragments;

  @Option(
      names = "--max-unfinished-bytes",
      paramLabel = "BYTES",
      defaultValue = HeapBytes.QUARTER,
      converter = HeapBytes.class,
      description =
          "What the messages over 8 KiB of all clients may take together until they are decoded;"
              + " quarter is a quarter of the heap, 32 MiB at least. Over it close 1013, or 503 for"
              + " a POST. Default: ${DEFAULT-VALUE}.")
  long maxUnfinishedBytes;

  @Option(
      names = "--max-queued-total-bytes",
      paramLabel = "BYTES",
      defaultValue = BufferBytes.HALF,
      converter = BufferBytes.class,
      description =
          "What the messages over 64 KiB to all WebSockets may take together until they are"
              + " written; half is half of the memory for buffers outside the heap, 32 MiB at"
              + " least. Over it the socket that one more is for is cut off. Default:"
              + " ${DEFAULT-VALUE}.")
  long maxQueuedTotalBytes;

  @Option(
      names = "--max-json-depth",
      paramLabel = "NUMBER",
      defaultValue = "512",
      converter = Depth.class,
      description =
          "Levels of objects and arrays in a message, 1 to 1000; over it close 1011."
              + " Default: ${DEFAULT-VALUE}.")
  int maxJsonDepth;

  @Option(
      names = "--refusals-per-second",
      paramLabel = "NUMBER",
      defaultValue = "100",
      converter = Values.Count.class,
      description =
          "Joins of one socket over its limits or without a route, and new tokens over their rate;"
              + " over it the socket is not read for a while. Default: ${DEFAULT-VALUE}.")
  int refusalsPerSecond;

  @Option(
      names = "--pings-per-second",
      paramLabel = "NUMBER",
      defaultValue = "100",
      converter = Values.Count.class,
      description =
          "WebSocket pings and pongs of one socket; over it the socket is not read for a while."
              + " Default: ${DEFAULT-VALUE}.")
  int pingsPerSecond;

  @Option(
      names = "--polls-per-second",
      paramLabel = "NUMBER",
      defaultValue = "50",
      converter = Values.Count.class,
      description =
          "Polls of one long-poll session; over it they wait for their answers."
              + " Default: ${DEFAULT-VALUE}.")
  int pollsPerSecond;

  @Option(
      names = "--token-renewals-per-second",
      paramLabel = "NUMBER",
      defaultValue = "1",
      converter = Values.Count.class,
      description =
          "New tokens of one socket; over it they are answered too many renewals."
              + " Default: ${DEFAULT-VALUE}.")
  int tokenRenewalsPerSecond;

  @Option(
      names = "--max-channels",
      paramLabel = "NUMBER",
      converter = Values.Count.class,
      description =
          "The most channels that applications may let a socket hold. Default: what they ask for.")
  @Nullable Integer maxChannels;

  @Option(
      names = "--joins-per-second",
      paramLabel = "NUMBER",
      converter = Values.Count.class,
      description = "The same of its joins. Default: what they ask for.")
  @Nullable Integer joinsPerSecond;

  @Option(
      names = "--events-per-second",
      paramLabel = "NUMBER",
      converter = Values.Count.class,
      description = "The same of its messages. Default: what they ask for.")
  @Nullable Integer eventsPerSecond;

  @Option(
      names = "--bytes-per-second",
      paramLabel = "NUMBER",
      converter = Values.Bytes.class,
      description = "The same of their bytes. Default: what they ask for.")
  @Nullable Integer bytesPerSecond;

  @Option(
      names = "--max-topic-bytes",
      paramLabel = "BYTES",
      converter = NameBytes.class,
      description = "The same of a topic's length. Default: what they ask for.")
  @Nullable Integer maxTopicBytes;

  @Option(
      names = "--max-event-bytes",
      paramLabel = "BYTES",
      converter = NameBytes.class,
      description = "The same of an event's name. Default: what they ask for.")
  @Nullable Integer maxEventBytes;

  @Option(
      names = "--max-post-bytes",
      paramLabel = "BYTES",
      converter = Values.MessageBytes.class,
      description = "The same of the body of a long-poll POST. Default: what they ask for.")
  @Nullable Integer maxPostBytes;

  @Option(
      names = "--max-post-lines",
      paramLabel = "NUMBER",
      converter = Values.Count.class,
      description = "The same of its messages. Default: what they ask for.")
  @Nullable Integer maxPostLines;

  @Option(
      names = "--callback-warning",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Time.class,
      description =
          "After this time a callback that still runs is told of in the log, with where it is."
              + " Default: ${DEFAULT-VALUE}.")
  Duration callbackWarning;

  @Option(
      names = "--filter-parameters",
      paramLabel = "WORDS",
      defaultValue = "password,token",
      converter = Filter.class,
      description =
          "Values whose names contain one of these, with commas between them, are not shown in"
              + " the log; keep:NAMES shows those of these names and no others."
              + " Default: ${DEFAULT-VALUE}.")
  ParameterFilter filterParameters;

  /** The options' values, once they are parsed. */
  GatewayLimits limits() {
    GatewayLimits standard = GatewayLimits.defaults();
    SocketLimits most = SocketLimits.most();
    return new GatewayLimits(
        new ConnectionLimits(
            maxConnections,
            maxConnectionsPerAddress,
            handshakesPerSecond,
            handshakesPerSecondPerAddress),
        maxFragments,
        maxUnfinishedBytes,
        maxQueuedTotalBytes,
        maxJsonDepth,
        refusalsPerSecond,
        pingsPerSecond,
        pollsPerSecond,
        tokenRenewalsPerSecond,
        new SocketLimits(
            given(maxChannels, most.maxChannels()),
            given(joinsPerSecond, most.joinsPerSecond()),
            given(eventsPerSecond, most.eventsPerSecond()),
            given(bytesPerSecond, most.bytesPerSecond()),
            given(maxTopicBytes, most.maxTopicBytes()),
            given(maxEventBytes, most.maxEventBytes())),
        given(maxPostBytes, standard.maxPostBytes()),
        given(maxPostLines, standard.maxPostLines()));
  }

  private static int given(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  static final class Filter implements ITypeConverter<ParameterFilter> {

    private static final String KEEP = "keep:";

    @Override
    public ParameterFilter convert(String text) {
      boolean keeps = text.startsWith(KEEP);
      List<String> words =
          Arrays.stream(text.substring(keeps ? KEEP.length() : 0).split(",", -1))
              .map(String::strip)
              .toList();
      if (words.contains("")) {
        throw Values.wrong(
            "words with commas between them such as password,token, or keep: and names", text);
      }
      return new ParameterFilter(
          keeps ? ParameterFilter.Mode.KEEP : ParameterFilter.Mode.DISCARD, words);
    }
  }

  static final class Depth implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return Values.whole(text, 1, 1_000, "a number of levels from 1 to 1000");
    }
  }

  /** A number of bytes; {@code quarter} is a quarter of the heap. */
  static final class HeapBytes implements ITypeConverter<Long> {

    static final String QUARTER = "quarter";

    @Override
    public Long convert(String text) {
      return text.equals(QUARTER)
          ? GatewayLimits.defaults().maxUnfinishedBytes()
          : Values.whole(
              text, 1_024, Long.MAX_VALUE, QUARTER + ", or a number of bytes, 1024 or more");
    }
  }

  /** A number of bytes; {@code half} is half of the memory for buffers outside the heap. */
  static final class BufferBytes implements ITypeConverter<Long> {

    static final String HALF = "half";

    @Override
    public Long convert(String text) {
      return text.equals(HALF)
          ? GatewayLimits.defaults().maxQueuedTotalBytes()
          : Values.whole(
              text, 1_024, Long.MAX_VALUE, HALF + ", or a number of bytes, 1024 or more");
    }
  }

  static final class NameBytes implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return Values.whole(text, 1, MAX_NAME_BYTES, "a number of bytes from 1 to " + MAX_NAME_BYTES);
    }
  }
}
