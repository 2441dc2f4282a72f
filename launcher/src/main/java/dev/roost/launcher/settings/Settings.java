package dev.roost.launcher.settings;

import dev.roost.application.ChannelOptions;
import dev.roost.gateway.GatewayOptions;
import dev.roost.membership.ClusterOptions;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/**
 * All that a process is started with. Immutable; {@link Flags} is the list of the settings.
 *
 * @param role what this process does
 * @param applications which of the applications on the class path are deployed
 * @param gatewayVerticles gateways in this process, which share the port
 * @param gateway how each gateway listens, and its bounds
 * @param channels how each application is run
 * @param cluster how the cluster is joined; null for a node on its own
 * @param admin where health is asked for and a drain; null for nowhere
 * @param auth what this process's gateways know clients by
 * @param drainDelay how long the node goes on as before once it says that it is not ready any more
 * @param transport what carries the network
 * @param logLevel the least severe level that is logged
 * @param origins where each setting that is no default was set, by its name
 */
public record Settings(
    Role role,
    Selection applications,
    int gatewayVerticles,
    GatewayOptions gateway,
    ChannelOptions channels,
    @Nullable ClusterOptions cluster,
    @Nullable Admin admin,
    Auth auth,
    Duration drainDelay,
    NetworkTransport transport,
    Level logLevel,
    Map<String, String> origins) {

  private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d+){3}|::1");

  /** Whether nobody but this machine reaches an interface; names are not looked up. */
  public static boolean isLoopback(String host) {
    return LOOPBACK.matcher(host).matches();
  }

  /** What a process does. */
  public enum Role {
    /** Both. */
    ALL,
    /** Sockets, and pages; no application. */
    GATEWAY,
    /** Applications; no public port. */
    CHANNELS;

    /** Whether clients connect here. */
    public boolean hasGateways() {
      return this != CHANNELS;
    }

    /** Whether channels run here. */
    public boolean hasApplications() {
      return this != GATEWAY;
    }
  }

  /** The token of the admin port itself, which stands in no file of settings and no command. */
  public static final String ADMIN_TOKEN_VARIABLE = "ROOST_ADMIN_TOKEN";

  /**
   * Where whoever runs the node talks to it.
   *
   * @param port 0 is any free one
   * @param tokenFile what has to be shown there; null for nothing, or for {@link
   *     #ADMIN_TOKEN_VARIABLE}
   */
  public record Admin(String host, int port, @Nullable Path tokenFile) {

    /** Whether nobody but this machine reaches it. */
    public boolean isLoopback() {
      return Settings.isLoopback(host);
    }
  }

  /** The secret of a Phoenix application, which stands in no file of settings and no command. */
  public static final String SECRET_KEY_BASE_VARIABLE = "ROOST_SECRET_KEY_BASE";

  /** The secret of tokens, which stands in no file of settings and no command. */
  public static final String JWT_SECRET_VARIABLE = "ROOST_JWT_SECRET";

  /**
   * What gateways know clients by; secrets are in files or variables of their own.
   *
   * @param session null for none
   */
  public record Auth(@Nullable Session session, Jwt jwt) {}

  /**
   * The JSON Web Tokens that gateways accept. One of keySet, publicKeyFile, secretFile and {@link
   * #JWT_SECRET_VARIABLE} is there, or none.
   *
   * @param audiences empty for any
   * @param named further keys, by the names that mounts know them by
   */
  public record Jwt(
      @Nullable URI keySet,
      @Nullable Path publicKeyFile,
      @Nullable Path secretFile,
      @Nullable String issuer,
      List<String> audiences,
      Duration clockSkew,
      Map<String, NamedKeys> named) {}

  /**
   * Keys that have a name, and what tokens of theirs say.
   *
   * @param audiences empty for any
   */
  public record NamedKeys(URI keySet, @Nullable String issuer, List<String> audiences) {}

  /**
   * The session of a Phoenix application.
   *
   * @param encryptionSalt null if its cookies are only signed
   * @param secretFile null for {@link #SECRET_KEY_BASE_VARIABLE}
   */
  public record Session(
      String cookie,
      String signingSalt,
      @Nullable String encryptionSalt,
      @Nullable Path secretFile) {}

  /** Whether a process is in a cluster. */
  public enum ClusterSwitch {
    /** If its role needs one, or another setting of clusters is set. */
    AUTO,
    ON,
    OFF
  }

  /** What carries the network. */
  public enum NetworkTransport {
    /** The operating system's own if it can be loaded, else {@link #NIO}. */
    AUTO,
    /** Linux's, and nothing else. */
    EPOLL,
    /** Java's. */
    NIO
  }

  public Settings {
    origins = Map.copyOf(origins);
  }

  /**
   * Where to change a setting, for messages: {@code --port}, {@code ROOST_PORT} or {@code port
   * (roost.properties:3)}; the option if it has its default.
   */
  public String origin(String setting) {
    return origins.getOrDefault(setting, "--" + setting);
  }
}
