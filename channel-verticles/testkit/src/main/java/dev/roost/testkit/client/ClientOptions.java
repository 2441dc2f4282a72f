package dev.roost.testkit.client;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Where and how a {@link PhoenixClient} connects. Immutable; {@code with..} methods change one.
 *
 * @param host server to connect to; default {@code localhost}
 * @param port its port
 * @param path path of the WebSocket; default {@code /socket/websocket}
 * @param vsn version to speak; default {@link Vsn#V2}
 * @param query further parameters, encoded, such as {@code user_id=7}; default none
 * @param headers header lines of the request, such as {@code Origin: https://chat.example}; default
 *     none
 * @param tls makes TLS of a TCP connection; default null: none
 * @param limit how long each wait for a message takes at most; default 10 s
 */
public record ClientOptions(
    String host,
    int port,
    String path,
    Vsn vsn,
    List<String> query,
    List<String> headers,
    @Nullable SSLSocketFactory tls,
    Duration limit) {

  public ClientOptions {
    query = List.copyOf(query);
    headers = List.copyOf(headers);
  }

  /** The defaults with this port. */
  public static ClientOptions port(int port) {
    return new ClientOptions(
        "localhost",
        port,
        "/socket/websocket",
        Vsn.V2,
        List.of(),
        List.of(),
        null,
        Duration.ofSeconds(10));
  }

  public ClientOptions withHost(String value) {
    return new ClientOptions(value, port, path, vsn, query, headers, tls, limit);
  }

  public ClientOptions withPath(String value) {
    return new ClientOptions(host, port, value, vsn, query, headers, tls, limit);
  }

  public ClientOptions withVsn(Vsn value) {
    return new ClientOptions(host, port, path, value, query, headers, tls, limit);
  }

  /** With one more parameter, which is encoded here. */
  public ClientOptions withParam(String name, String value) {
    var all = new ArrayList<>(query);
    all.add(
        URLEncoder.encode(name, StandardCharsets.UTF_8)
            + "="
            + URLEncoder.encode(value, StandardCharsets.UTF_8));
    return new ClientOptions(host, port, path, vsn, all, headers, tls, limit);
  }

  /** With one more header line. */
  public ClientOptions withHeader(String name, String value) {
    var all = new ArrayList<>(headers);
    all.add(name + ": " + value);
    return new ClientOptions(host, port, path, vsn, query, all, tls, limit);
  }

  public ClientOptions withTls(SSLSocketFactory value) {
    return new ClientOptions(host, port, path, vsn, query, headers, value, limit);
  }

  public ClientOptions withLimit(Duration value) {
    return new ClientOptions(host, port, path, vsn, query, headers, tls, value);
  }

  /** Path and query of the upgrade request; {@code vsn} comes last, as phoenix.js has it (JS-1). */
  String target() {
    var all = new ArrayList<>(query);
    all.add("vsn=" + vsn.version());
    return path + "?" + String.join("&", all);
  }
}
