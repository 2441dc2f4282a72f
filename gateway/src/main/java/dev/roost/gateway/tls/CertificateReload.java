package dev.roost.gateway.tls;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the files of TLS again and again, and gives the server the new ones when they have
 * changed and fit. New connections use them; those that are open notice nothing. Files that do not
 * fit are told of in the log, and the server keeps what it has. Used on the context that starts it.
 */
public final class CertificateReload {

  /*
   * By what they hold: times of files do not change with a link that leads elsewhere, and are coarse.
   * Servers that share a port share its certificate too, so all of them look and the first to see a
   * change makes it; what was said about a file is known to all, so that one says it.
   */
  private static final Logger log = LoggerFactory.getLogger(CertificateReload.class);

  private final Vertx vertx;
  private final HttpServer server;
  private final TlsOptions options;
  private final Map<String, String> told;
  private final long timer;
  private @Nullable ServerCertificate current;
  private boolean isLooking;

  private CertificateReload(Vertx vertx, HttpServer server, TlsOptions options) {
    this.vertx = vertx;
    this.server = server;
    this.options = options;
    this.told = vertx.sharedData().<String, String>getLocalMap("roost.certificates");
    this.timer = vertx.setPeriodic(options.reloadInterval().toMillis(), ignored -> look());
  }

  /** Begins, with a server that listens and has the files as they were a moment ago. */
  public static CertificateReload start(Vertx vertx, HttpServer server, TlsOptions options) {
    var reload = new CertificateReload(vertx, server, options);
    reload.look();
    return reload;
  }

  /** Ends. */
  public void stop() {
    vertx.cancelTimer(timer);
  }

  private void look() {
    if (isLooking) {
      return;
    }
    isLooking = true;
    ServerCertificate before = current;
    var unused =
        vertx
            .executeBlocking(() -> changed(before), false)
            .compose(changed -> changed == null ? Future.succeededFuture(false) : use(changed))
            .onComplete(
                updated -> {
                  isLooking = false;
                  if (updated.failed()) {
                    String problem = String.valueOf(updated.cause().getMessage());
                    if (isNews("problem", problem)) {
                      log.warn("{}; the certificate that is in use stays", problem);
                    }
                    return;
                  }
                  told.remove(key("problem"));
                  if (updated.result()) {
                    log.info("TLS certificate renewed: {}", current);
                  }
                  warn();
                });
  }

  /** What the files hold now; null if that is nothing new. */
  private @Nullable ServerCertificate changed(@Nullable ServerCertificate before) {
    var contents = ServerCertificate.Contents.of(options);
    return before != null && contents.equals(before.contents())
        ? null
        : ServerCertificate.of(options, contents);
  }

  private Future<Boolean> use(ServerCertificate read) {
    return server.updateSSLOptions(read.sslOptions()).onSuccess(ignored -> current = read);
  }

  private void warn() {
    if (current != null) {
      current
          .warning(Instant.now())
          .ifPresentOrElse(
              warning -> {
                if (isNews("warning", warning)) {
                  log.warn(warning);
                }
              },
              () -> told.remove(key("warning")));
    }
  }

  private boolean isNews(String kind, String text) {
    return !text.equals(told.put(key(kind), text));
  }

  private String key(String kind) {
    return kind + " " + options.certificate();
  }
}
