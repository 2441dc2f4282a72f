package dev.roost.launcher.settings;

import dev.roost.bus.Contract;
import dev.roost.membership.ClusterOptions;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.event.Level;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * How the text of a setting is read, the same for every source; each error says what it expects.
 */
final class Values {

  private static final Pattern AMOUNT = Pattern.compile("(\\d{1,18})(ms|s|m|h)");
  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofHours(24);
  private static final Pattern CONTROL = Pattern.compile("\\p{Cntrl}");
  private static final Pattern HOST =
      Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
  private static final int LAST_FIRST_PORT = 65_536 - ClusterOptions.PORTS;
  private static final int MOST_VERTICLES = 1_024;
  private static final int LEAST_BYTES = 1_024;

  private Values() {}

  static TypeConversionException wrong(String expected, String text) {
    return wrong(expected, text, "");
  }

  private static TypeConversionException wrong(String expected, String text, String why) {
    String came = text.isEmpty() ? "nothing" : quoted(text);
    return new TypeConversionException("expected " + expected + ", got " + came + why);
  }

  /** With control characters as a properties file has them. */
  private static String quoted(String text) {
    String visible =
        CONTROL
            .matcher(text)
            .replaceAll(it -> String.format(Locale.ROOT, "\\\\u%04x", (int) it.group().charAt(0)));
    return "\"" + visible + "\"";
  }

  static int whole(String text, int least, int most, String expected) {
    return (int) whole(text, (long) least, (long) most, expected);
  }

  static long whole(String text, long least, long most, String expected) {
    try {
      long value = Long.parseLong(text);
      if (value >= least && value <= most) {
        return value;
      }
    } catch (NumberFormatException notANumber) {
      // Said below, as for a number out of the range.
    }
    throw wrong(expected, text);
  }

  /** The way a constant is written in settings: {@code all} for {@code ALL}. */
  static String shown(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static <E extends Enum<E>> E oneOf(Class<E> type, String text) {
    List<E> constants = List.of(type.getEnumConstants());
    return constants.stream()
        .filter(constant -> shown(constant).equals(text))
        .findFirst()
        .orElseThrow(
            () -> {
              String names =
                  constants.stream().map(Values::shown).collect(Collectors.joining(", "));
              return wrong("one of " + names, text);
            });
  }

  static final class RoleName implements ITypeConverter<Settings.Role> {
    @Override
    public Settings.Role convert(String text) {
      return oneOf(Settings.Role.class, text);
    }
  }

  static final class TransportName implements ITypeConverter<Settings.NetworkTransport> {
    @Override
    public Settings.NetworkTransport convert(String text) {
      return oneOf(Settings.NetworkTransport.class, text);
    }
  }

  static final class LevelName implements ITypeConverter<Level> {
    @Override
    public Level convert(String text) {
      return oneOf(Level.class, text);
    }
  }

  /** Where a file is; whether it can be read is seen when it is. */
  static final class File implements ITypeConverter<Path> {
    @Override
    public Path convert(String text) {
      if (text.isEmpty()) {
        throw wrong("a file", text);
      }
      try {
        return Path.of(text);
      } catch (InvalidPathException impossible) {
        throw wrong("a file", text, ", which is no path here: " + impossible.getReason());
      }
    }
  }

  static final class Host implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      if (!HOST.matcher(text).matches()) {
        throw wrong("a host name or address, without scheme, port and path", text);
      }
      return text;
    }
  }

  static final class Port implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 0, 65_535, "a port from 0 (any free one) to 65535");
    }
  }

  /** A port, or none. */
  static final class AdminPort implements ITypeConverter<Integer> {

    static final String OFF = "off";
    static final int NONE = -1;

    @Override
    public Integer convert(String text) {
      return text.equals(OFF)
          ? NONE
          : whole(text, 0, 65_535, OFF + ", or a port from 0 (any free one) to 65535");
    }
  }

  /** The first of the ports that nodes of one machine share. */
  static final class PortRange implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 1, LAST_FIRST_PORT, "a port from 1 to " + LAST_FIRST_PORT);
    }
  }

  static final class BusPort implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 0, LAST_FIRST_PORT, "a port from 0 (any free one) to " + LAST_FIRST_PORT);
    }
  }

  /** Whole seconds, which is what the cluster counts in. */
  static final class Seconds implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      Duration time = new Time().convert(text);
      if (time.toMillis() % 1_000 != 0 || time.toSeconds() < 2) {
        throw wrong("whole seconds from 2s to 24h", text);
      }
      return time;
    }
  }

  static final class Switch implements ITypeConverter<Settings.ClusterSwitch> {
    @Override
    public Settings.ClusterSwitch convert(String text) {
      return oneOf(Settings.ClusterSwitch.class, text);
    }
  }

  static final class ClusterName implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      if (!ClusterOptions.isClusterName(text)) {
        throw wrong("up to 63 letters, digits, \".\", \"-\" and \"_\"", text);
      }
      return text;
    }
  }

  static final class NodeName implements ITypeConverter<String> {
    @Override
    public String convert(String text) {
      if (!ClusterOptions.isNodeName(text)) {
        throw wrong("up to 63 letters, digits, \"-\" and \"_\"", text);
      }
      return text;
    }
  }

  /** Hosts, each with a port or without, with commas between them. */
  static final class Seeds implements ITypeConverter<List<String>> {
    @Override
    public List<String> convert(String text) {
      List<String> seeds = Arrays.stream(text.split(",", -1)).map(String::strip).toList();
      try {
        return ClusterOptions.defaults().withSeeds(seeds).seeds();
      } catch (IllegalArgumentException wrong) {
        throw wrong(
            "hosts or host:port with commas between them, such as node-1,10.0.0.7:5701", text);
      }
    }
  }

  static final class Count implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      return whole(text, 1, Integer.MAX_VALUE, "a number from 1 to " + Integer.MAX_VALUE);
    }
  }

  static final class Bytes implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      String expected = "a number of bytes from " + LEAST_BYTES + " to " + Integer.MAX_VALUE;
      return whole(text, LEAST_BYTES, Integer.MAX_VALUE, expected);
    }
  }

  /** What has to fit into one message of the bus. */
  static final class MessageBytes implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String text) {
      int most = Contract.MAX_PAYLOAD_BYTES;
      String expected = "a number of bytes from " + LEAST_BYTES + " to " + most;
      return whole(text, LEAST_BYTES, most, expected);
    }
  }

  /** A number of verticles; {@code processors} is one for each processor that the JVM sees. */
  static final class Verticles implements ITypeConverter<Integer> {

    static final String PROCESSORS = "processors";

    @Override
    public Integer convert(String text) {
      return text.equals(PROCESSORS)
          ? Runtime.getRuntime().availableProcessors()
          : whole(
              text, 1, MOST_VERTICLES, PROCESSORS + ", or a number from 1 to " + MOST_VERTICLES);
    }
  }

  /** A length of time: {@code 500ms}, {@code 10s}, {@code 2m}, {@code 1h} or ISO 8601. */
  static final class Time implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return time(text, SHORTEST, "1ms");
    }
  }

  /** A length of time that may be none. */
  static final class Delay implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      return time(text, Duration.ZERO, "0s");
    }
  }

  private static Duration time(String text, Duration least, String shown) {
    try {
      Matcher amount = AMOUNT.matcher(text);
      Duration time = amount.matches() ? time(amount) : Duration.parse(text);
      if (time.compareTo(least) >= 0 && time.compareTo(LONGEST) <= 0) {
        return time;
      }
    } catch (DateTimeParseException | ArithmeticException notATime) {
      // Said below, as for a time out of the range.
    }
    throw wrong("a time from " + shown + " to 24h, such as 500ms, 10s, 2m or PT10S", text);
  }

  private static Duration time(Matcher amount) {
    long number = Long.parseLong(amount.group(1));
    return switch (amount.group(2)) {
      case "ms" -> Duration.ofMillis(number);
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      default -> Duration.ofHours(number);
    };
  }

  /** Names with commas between them. */
  static final class Names implements ITypeConverter<Selection> {

    @Override
    public Selection convert(String text) {
      if (text.equals(Selection.ALL)) {
        return Selection.all();
      }
      List<String> names = Arrays.stream(text.split(",", -1)).map(String::strip).toList();
      if (names.contains("")) {
        throw wrong(Selection.ALL + ", or names with commas between them such as chat,news", text);
      }
      return Selection.of(new LinkedHashSet<>(names));
    }
  }

  /** The same where all is no answer. */
  static final class Awaited implements ITypeConverter<Set<String>> {

    @Override
    public Set<String> convert(String text) {
      var names =
          new LinkedHashSet<>(Arrays.stream(text.split(",", -1)).map(String::strip).toList());
      if (names.contains("") || names.contains(Selection.ALL)) {
        throw wrong("names with commas between them such as chat,news", text);
      }
      return names;
    }
  }
}
