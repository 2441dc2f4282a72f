package dev.roost.launcher.settings;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;

/** Which Roost this is. The build writes it down. */
public final class Version {

  private static final String RESOURCE = "version.properties";

  private Version() {}

  /** The version alone: {@code 0.1.0}. */
  public static String number() {
    var properties = new Properties();
    try (InputStream resource = Version.class.getResourceAsStream(RESOURCE)) {
      properties.load(Objects.requireNonNull(resource, RESOURCE));
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    return properties.getProperty("version");
  }

  /** What {@code --version} prints: {@code Roost 0.1.0, Java 21.0.2+13-LTS}. */
  static String line() {
    return "Roost " + number() + ", Java " + Runtime.version();
  }
}
