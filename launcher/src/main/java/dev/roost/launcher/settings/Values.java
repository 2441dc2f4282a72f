package dev.roost.launcher.settings;

import dev.roost.bus.Contract;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
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
  private static final Pattern HOST =
      Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");
  private static final int MOST_VERTICLES = 1_024;
  private static final int LEAST_BYTES = 1_024;

  private Values() {}

  private static TypeConversionException wrong(String expected, String text) {
    String came = text.isEmpty() ? "nothing" : "\"" + text + "\"";
    return new TypeConversionException("expected " + expected + ", got " + came);
  }

  private static int whole(String text, int least, int most, String expected) {
    try {
      int value = Integer.parseInt(text);
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
      try {
        Matcher amount = AMOUNT.matcher(text);
        Duration time = amount.matches() ? time(amount) : Duration.parse(text);
        if (time.compareTo(SHORTEST) >= 0 && time.compareTo(LONGEST) <= 0) {
          return time;
        }
      } catch (DateTimeParseException | ArithmeticException notATime) {
        // Said below, as for a time out of the range.
      }
      throw wrong("a time from 1ms to 24h, such as 500ms, 10s, 2m or PT10S", text);
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
}
