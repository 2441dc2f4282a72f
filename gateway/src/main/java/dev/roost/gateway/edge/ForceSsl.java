package dev.roost.gateway.edge;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Plain requests are sent to https, and browsers are told to come so by themselves (H-30 to H-33).
 *
 * @param hsts what browsers are told with each answer over https
 * @param exclude hosts whose requests are left alone, without their ports; default {@code
 *     localhost} and {@code 127.0.0.1}
 */
public record ForceSsl(Hsts hsts, Set<String> exclude) {

  /**
   * The header {@code strict-transport-security}.
   *
   * @param maxAge how long a browser remembers, in whole seconds; zero for no header; default 365
   *     days, as in Phoenix
   * @param includeSubdomains whether it counts for all subdomains too; default false
   * @param preload whether browsers may ship the host in their lists; default false
   */
  public record Hsts(Duration maxAge, boolean includeSubdomains, boolean preload) {

    public Hsts {
      if (maxAge.isNegative()) {
        throw new IllegalArgumentException("maxAge is 0 or more, got " + maxAge);
      }
    }

    public static Hsts defaults() {
      return new Hsts(Duration.ofDays(365), false, false);
    }

    /** The header's value; empty for none (H-32). */
    Optional<String> header() {
      return maxAge.toSeconds() == 0
          ? Optional.empty()
          : Optional.of(
              "max-age="
                  + maxAge.toSeconds()
                  + (preload ? "; preload" : "")
                  + (includeSubdomains ? "; includeSubDomains" : ""));
    }
  }

  public ForceSsl {
    Objects.requireNonNull(hsts, "hsts");
    exclude =
        exclude.stream()
            .map(host -> bare(host).toLowerCase(Locale.ROOT))
            .collect(Collectors.toUnmodifiableSet());
  }

  public static ForceSsl defaults() {
    return new ForceSsl(Hsts.defaults(), Set.of("localhost", "127.0.0.1"));
  }

  public ForceSsl withHsts(Hsts value) {
    return new ForceSsl(value, exclude);
  }

  public ForceSsl withExclude(Set<String> value) {
    return new ForceSsl(hsts, value);
  }

  /** Whether requests of this host are left alone (H-31). */
  boolean exempts(@Nullable String host) {
    return host != null && exclude.contains(bare(host).toLowerCase(Locale.ROOT));
  }

  private static String bare(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }
}
