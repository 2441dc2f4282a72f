package dev.roost.launcher.settings;

import dev.roost.gateway.edge.EdgeOptions;
import dev.roost.gateway.edge.ForceSsl;
import dev.roost.gateway.edge.TrustedProxies;
import dev.roost.gateway.tls.TlsOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** The settings of what stands between clients and gateways: {@link EdgeOptions}. */
final class EdgeFlags {

  static final String OFF = "off";
  static final String ON = "on";

  @Option(
      names = "--tls-certificate",
      paramLabel = "FILE",
      converter = Values.File.class,
      description =
          "The public port's certificate and its chain, PEM; renewed when it changes."
              + " Default: none, plain TCP.")
  @Nullable Path tlsCertificate;

  @Option(
      names = "--tls-key",
      paramLabel = "FILE",
      converter = Values.File.class,
      description = "Its private key, PEM. Default: none.")
  @Nullable Path tlsKey;

  @Option(
      names = "--tls-client-ca",
      paramLabel = "FILE",
      converter = Values.File.class,
      description =
          "Certificates of whoever signs those of clients, which are asked for one then, PEM."
              + " Default: none.")
  @Nullable Path tlsClientCa;

  @Option(
      names = "--tls-reload-interval",
      paramLabel = "TIME",
      defaultValue = "5s",
      converter = Values.Time.class,
      description = "How often these files are looked at for a change. Default: ${DEFAULT-VALUE}.")
  Duration tlsReloadInterval;

  @Option(
      names = "--http-redirect-port",
      paramLabel = "PORT",
      defaultValue = Values.AdminPort.OFF,
      converter = Values.AdminPort.class,
      description =
          "A second, plain port that sends everything to https, 0 for any free one, or off."
              + " Default: ${DEFAULT-VALUE}.")
  int httpRedirectPort;

  @Option(
      names = "--force-ssl",
      paramLabel = "WHEN",
      arity = "0..1",
      defaultValue = OFF,
      fallbackValue = ON,
      converter = SwitchName.class,
      description =
          "on: plain requests are sent to https, and https answers say so to browsers (HSTS)."
              + " Default: ${DEFAULT-VALUE}.")
  Switch forceSsl;

  @Option(
      names = "--force-ssl-exclude",
      paramLabel = "HOSTS",
      defaultValue = "localhost,127.0.0.1",
      converter = Hosts.class,
      description =
          "Hosts that --force-ssl leaves alone, with commas between them. Default:"
              + " ${DEFAULT-VALUE}.")
  Set<String> forceSslExclude;

  @Option(
      names = "--hsts-max-age",
      paramLabel = "SECONDS",
      defaultValue = "31536000",
      converter = HstsSeconds.class,
      description =
          "How long browsers remember to come by https, 0 for no header. Default:"
              + " ${DEFAULT-VALUE}.")
  Duration hstsMaxAge;

  @Option(
      names = "--hsts-include-subdomains",
      paramLabel = "WHEN",
      arity = "0..1",
      defaultValue = OFF,
      fallbackValue = ON,
      converter = SwitchName.class,
      description = "on: to all subdomains too. Default: ${DEFAULT-VALUE}.")
  Switch hstsIncludeSubdomains;

  @Option(
      names = "--hsts-preload",
      paramLabel = "WHEN",
      arity = "0..1",
      defaultValue = OFF,
      fallbackValue = ON,
      converter = SwitchName.class,
      description = "on: browsers may have the host in their lists. Default: ${DEFAULT-VALUE}.")
  Switch hstsPreload;

  @Option(
      names = "--trusted-proxies",
      paramLabel = "ADDRESSES",
      converter = Proxies.class,
      description =
          "Whose x-forwarded- headers count: addresses and ranges such as 10.0.0.0/8, with commas"
              + " between them. Default: none.")
  @Nullable TrustedProxies trustedProxies;

  @Option(
      names = "--proxy-protocol",
      paramLabel = "WHEN",
      arity = "0..1",
      defaultValue = OFF,
      fallbackValue = ON,
      converter = SwitchName.class,
      description =
          "on: each connection begins with a PROXY header, version 1 or 2."
              + " Default: ${DEFAULT-VALUE}.")
  Switch proxyProtocol;

  /** The options' values, once they are parsed. */
  EdgeOptions options() {
    return new EdgeOptions(
        tlsCertificate == null || tlsKey == null
            ? null
            : new TlsOptions(tlsCertificate, tlsKey, tlsClientCa, tlsReloadInterval),
        forceSsl == Switch.ON
            ? new ForceSsl(
                new ForceSsl.Hsts(
                    hstsMaxAge, hstsIncludeSubdomains == Switch.ON, hstsPreload == Switch.ON),
                forceSslExclude)
            : null,
        trustedProxies == null ? TrustedProxies.none() : trustedProxies,
        proxyProtocol == Switch.ON,
        httpRedirectPort == Values.AdminPort.NONE ? null : httpRedirectPort);
  }

  /** What is wrong with settings that are right each by itself. */
  List<String> conflicts(int port, UnaryOperator<String> origin) {
    var problems = new ArrayList<String>();
    if ((tlsCertificate == null) != (tlsKey == null)) {
      String given = tlsCertificate == null ? "tls-key" : "tls-certificate";
      problems.add(
          origin.apply(given) + ": expected tls-certificate and tls-key together, got one of them");
    } else if (tlsClientCa != null && tlsCertificate == null) {
      problems.add(
          origin.apply("tls-client-ca")
              + ": clients show certificates in TLS only: set tls-certificate and tls-key too");
    }
    if (httpRedirectPort > 0 && httpRedirectPort == port) {
      problems.add(
          origin.apply("http-redirect-port")
              + (": " + port + " is what port is, which serves the rest: choose another"));
    }
    return problems;
  }

  /** No boolean: picocli has rules of its own for those. */
  enum Switch {
    ON,
    OFF
  }

  static final class SwitchName implements ITypeConverter<Switch> {
    @Override
    public Switch convert(String text) {
      return switch (text) {
        case ON -> Switch.ON;
        case OFF -> Switch.OFF;
        default -> throw Values.wrong("on or off", text);
      };
    }
  }

  static final class HstsSeconds implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
      int most = Integer.MAX_VALUE;
      return Duration.ofSeconds(
          Values.whole(text, 0, most, "a number of seconds from 0 to " + most));
    }
  }

  static final class Hosts implements ITypeConverter<Set<String>> {
    @Override
    public Set<String> convert(String text) {
      var hosts = new LinkedHashSet<String>();
      for (String host : text.split(",", -1)) {
        hosts.add(new Values.Host().convert(host.strip()));
      }
      return hosts;
    }
  }

  static final class Proxies implements ITypeConverter<TrustedProxies> {
    @Override
    public TrustedProxies convert(String text) {
      try {
        return TrustedProxies.of(
            Arrays.stream(text.split(",", -1)).map(String::strip).toArray(String[]::new));
      } catch (IllegalArgumentException mistake) {
        throw Values.wrong(
            "addresses and ranges with commas between them, such as 10.0.0.7,fd00::/8", text);
      }
    }
  }
}
