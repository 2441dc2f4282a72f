package dev.roost.launcher.settings;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/**
 * A properties file in UTF-8, with the number of the line that each key stands on.
 *
 * @param entries in the order of the file, each key once
 * @param problems what cannot be read or stands twice
 */
record SettingsFile(List<Entry> entries, List<String> problems) {

  /** One key and its value, without blanks around it. */
  record Entry(int line, String key, String value) {}

  /*
   * java.util.Properties knows the syntax but tells no line numbers, so it gets one logical line at
   * a time: a line, and those that it goes on in by a backslash at its end.
   */
  static SettingsFile read(Path path) {
    List<String> lines;
    try {
      lines = Files.readAllLines(path);
    } catch (NoSuchFileException absent) {
      return unreadable(path, "no such file");
    } catch (CharacterCodingException garbled) {
      return unreadable(path, "expected text in UTF-8");
    } catch (IOException unreadable) {
      return unreadable(path, "cannot be read: " + unreadable.getMessage());
    }
    var reading = new Reading(path);
    int number = 0;
    while (number < lines.size()) {
      int first = number;
      var logical = new StringBuilder(lines.get(number++));
      while (goesOn(logical) && number < lines.size()) {
        logical.append('\n').append(lines.get(number++));
      }
      reading.line(first + 1, logical.toString());
    }
    return new SettingsFile(List.copyOf(reading.entries), List.copyOf(reading.problems));
  }

  private static SettingsFile unreadable(Path path, String why) {
    return new SettingsFile(
        List.of(), List.of(path + ": " + why + "; --config names a properties file"));
  }

  private static boolean goesOn(CharSequence line) {
    String text = line.toString().stripLeading();
    if (text.startsWith("#") || text.startsWith("!")) {
      return false;
    }
    int backslashes = 0;
    while (backslashes < text.length() && text.charAt(text.length() - 1 - backslashes) == '\\') {
      backslashes++;
    }
    return backslashes % 2 == 1;
  }

  private static final class Reading {

    private final Path path;
    private final List<Entry> entries = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    private final Map<String, Integer> seen = new HashMap<>();

    Reading(Path path) {
      this.path = path;
    }

    void line(int number, String text) {
      var properties = new Properties();
      try {
        properties.load(new StringReader(text));
      } catch (IOException | IllegalArgumentException malformed) {
        problems.add(path + ":" + number + ": expected key=value, got \"" + text + "\"");
        return;
      }
      for (String key : properties.stringPropertyNames()) {
        Integer earlier = seen.putIfAbsent(key, number);
        if (earlier == null) {
          entries.add(new Entry(number, key, properties.getProperty(key).strip()));
        } else {
          problems.add(
              key
                  + (" (" + path + ":" + number + "): expected once, got it on line " + earlier)
                  + " too; keep one");
        }
      }
    }
  }
}
