package dev.roost.token.jwt;

import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.JWKSetCacheRefreshEvaluator;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.URLBasedJWKSetSource;
import com.nimbusds.jose.proc.JWSKeySelector;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jose.util.IOUtils;
import com.nimbusds.jose.util.ResourceRetriever;
import java.io.Closeable;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** Keys of a set that is fetched, kept, and fetched again. */
final class JwksSelector implements JWSKeySelector<SecurityContext>, Closeable {

  // From the outside in: a cache, which one thread fills while others wait; a limit on how often it
  // asks; the last set while there is an outage; the location.

  private final Location location;
  private final JWKSource<SecurityContext> source;
  private final JWSKeySelector<SecurityContext> selector;

  private JwksSelector(Location location, JWKSource<SecurityContext> source) {
    this.location = location;
    this.source = source;
    this.selector = new JWSVerificationKeySelector<>(Algorithms.asymmetric(), source);
  }

  /** Throws IllegalArgumentException for a file that cannot be read or has no key for JWTs. */
  static JwksSelector open(JwtKeys.Jwks keys) {
    if (keys.isFile()) {
      checkFile(Path.of(keys.location()));
    }
    int timeout = (int) keys.timeout().toMillis();
    // Connect, read, and some time for the rest; Jwks sees that keepFor has room for it.
    Duration fetch = keys.timeout().multipliedBy(3);
    Duration ahead = keys.keepFor().minus(fetch).dividedBy(4);
    var location =
        new Location(
            url(keys), new DefaultResourceRetriever(timeout, timeout, JwtKeys.Jwks.MAX_BYTES));
    var builder =
        JWKSourceBuilder.create(location)
            .cache(keys.keepFor().toMillis(), fetch.toMillis())
            .refreshAheadCache(
                ahead.toMillis(),
                null,
                Executors.newVirtualThreadPerTaskExecutor(),
                true,
                null,
                false)
            .rateLimited(keys.retryAfter().toMillis());
    if (keys.surviveOutage().isPositive()) {
      builder.outageTolerant(keys.surviveOutage().toMillis());
    }
    return new JwksSelector(location, builder.build());
  }

  @Override
  public List<Key> selectJWSKeys(JWSHeader header, SecurityContext context)
      throws KeySourceException {
    List<Key> keys =
        selector.selectJWSKeys(header, context).stream()
            .<Key>map(key -> key)
            .filter(key -> Algorithms.of(key).contains(header.getAlgorithm()))
            .toList();
    KeySourceException outage = location.outage;
    if (keys.isEmpty() && outage != null) {
      // The last set does not have it. The next one may.
      throw outage;
    }
    return keys;
  }

  @Override
  public void close() {
    if (source instanceof Closeable closeable) {
      IOUtils.closeSilently(closeable);
    }
  }

  private static URL url(JwtKeys.Jwks keys) {
    try {
      return keys.location().toURL();
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException("a JWKS is at a URL, got " + keys.location(), e);
    }
  }

  private static void checkFile(Path file) {
    try {
      if (Files.size(file) > JwtKeys.Jwks.MAX_BYTES) {
        throw new IllegalArgumentException(
            "a JWKS has at most "
                + JwtKeys.Jwks.MAX_BYTES
                + " bytes, "
                + file
                + " has "
                + Files.size(file));
      }
      List<JWK> keys = JWKSet.parse(Files.readString(file)).getKeys();
      if (keys.stream().noneMatch(AsymmetricJWK.class::isInstance)) {
        throw new IllegalArgumentException("a JWKS has a public key, " + file + " has none");
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("the JWKS in " + file + " cannot be read: " + e, e);
    } catch (ParseException e) {
      throw new IllegalArgumentException(file + " is no JWKS: " + e.getMessage(), e);
    }
  }

  /** The location, which knows whether it could be read the last time. */
  private static final class Location extends URLBasedJWKSetSource<SecurityContext> {

    private volatile @Nullable KeySourceException outage;

    Location(URL url, ResourceRetriever retriever) {
      super(url, retriever);
    }

    @Override
    public JWKSet getJWKSet(
        JWKSetCacheRefreshEvaluator refreshEvaluator, long currentTime, SecurityContext context)
        throws KeySourceException {
      try {
        JWKSet keys = super.getJWKSet(refreshEvaluator, currentTime, context);
        outage = null;
        return keys;
      } catch (KeySourceException e) {
        outage = e;
        throw e;
      }
    }
  }
}
