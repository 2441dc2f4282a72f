package dev.roost.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.HostAndPort;
import io.vertx.core.net.SocketAddress;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A request as Netty hands it on, and its answer: what HTTP's own rules forbid does not get this
 * far. Asking for more than a gateway reads fails the test.
 */
final class FuzzedRequest {

  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
  private static final Pattern TARGET = Pattern.compile("[\\x21-\\xff]+");
  private static final Pattern VALUE = Pattern.compile("[\\t\\x20-\\x7e\\x80-\\xff]*");
  private static final SocketAddress PEER = SocketAddress.inetSocketAddress(50_312, "192.0.2.1");

  final HttpMethod method;
  final String path;
  private final String query;
  private final byte[] body;
  private final MultiMap headers = MultiMap.caseInsensitiveMultiMap();

  /** Checks names and values as a real one does. */
  private final MultiMap answerHeaders = HttpHeaders.headers();

  private final HttpServerRequest request = proxy(HttpServerRequest.class, this::asked);
  private final HttpConnection connection = proxy(HttpConnection.class, this::connected);
  private final HttpServerResponse response = proxy(HttpServerResponse.class, this::answered);
  private Handler<Buffer> onBody;
  private Handler<Void> onEnd;
  private Handler<Void> onClose;
  private Handler<Void> onAnswered;
  private int status = 200;
  private String answer;
  private boolean closed;

  private FuzzedRequest(String method, String target, byte[] body) {
    this.method = HttpMethod.valueOf(method);
    int question = target.indexOf('?');
    String before = question < 0 ? target : target.substring(0, question);
    int scheme = before.indexOf("://");
    int slash = scheme < 0 ? 0 : before.indexOf('/', scheme + 3);
    this.path = slash < 0 ? "" : before.substring(slash);
    this.query = question < 0 ? null : target.substring(question + 1);
    this.body = body;
  }

  /** Method, target, lines of headers, an empty line, a body; empty if HTTP has no such request. */
  static Optional<FuzzedRequest> parse(String text) {
    int headEnd = text.indexOf("\n\n");
    String[] head = (headEnd < 0 ? text : text.substring(0, headEnd)).split("\n", -1);
    String[] first = head[0].split(" ", 2);
    if (first.length < 2
        || !TOKEN.matcher(first[0]).matches()
        || !TARGET.matcher(first[1]).matches()) {
      return Optional.empty();
    }
    String body = headEnd < 0 ? "" : text.substring(headEnd + 2);
    var parsed = new FuzzedRequest(first[0], first[1], body.getBytes(ISO_8859_1));
    for (int i = 1; i < head.length; i++) {
      String[] header = head[i].split(":", 2);
      if (header.length == 2
          && TOKEN.matcher(header[0]).matches()
          && VALUE.matcher(header[1]).matches()) {
        parsed.headers.add(header[0], header[1].strip());
      }
    }
    return Optional.of(parsed);
  }

  void sendTo(Handler<HttpServerRequest> server) {
    server.handle(request);
    // In two pieces, as TCP may cut it.
    if (onBody != null && body.length > 0) {
      int half = body.length / 2;
      onBody.handle(Buffer.buffer(body).slice(0, half));
      onBody.handle(Buffer.buffer(body).slice(half, body.length));
    }
    if (onEnd != null) {
      onEnd.handle(null);
    }
  }

  /** The client goes away. */
  void leave() {
    closed = true;
    if (onClose != null) {
      onClose.handle(null);
    }
  }

  boolean isAnswered() {
    return answer != null;
  }

  int status() {
    return status;
  }

  String answer() {
    return answer;
  }

  String answerHeader(String name) {
    return answerHeaders.get(name);
  }

  @FunctionalInterface
  private interface Answers {
    Object to(Method method, Object[] arguments);
  }

  private static <T> T proxy(Class<T> type, Answers answers) {
    return type.cast(
        Proxy.newProxyInstance(
            FuzzedRequest.class.getClassLoader(),
            new Class<?>[] {type},
            (self, method, arguments) -> answers.to(method, arguments)));
  }

  @SuppressWarnings("unchecked")
  private Object asked(Method question, Object[] arguments) {
    return switch (question.getName()) {
      case "method" -> method;
      case "path" -> path;
      case "query" -> query;
      case "headers" -> headers;
      case "getHeader" -> headers.get(arguments[0].toString());
      case "version" -> HttpVersion.HTTP_1_1;
      case "isSSL" -> false;
      case "remoteAddress" -> PEER;
      case "authority" -> {
        String host = headers.get("host");
        yield host == null ? null : HostAndPort.parseAuthority(host, -1);
      }
      case "response" -> response;
      case "connection" -> connection;
      case "getCookie" -> cookie(arguments[0].toString());
      case "pause", "resume" -> request;
      case "handler" -> {
        onBody = (Handler<Buffer>) arguments[0];
        yield request;
      }
      case "endHandler" -> {
        onEnd = (Handler<Void>) arguments[0];
        yield request;
      }
      // Whatever is wrong with the rest of the handshake, it is Vert.x that finds it.
      case "toWebSocket" -> Future.failedFuture("no WebSocket here");
      default -> throw new AssertionError("nobody said what " + question + " is");
    };
  }

  private Cookie cookie(String name) {
    String start = name + "=";
    return headers.getAll("cookie").stream()
        .flatMap(header -> Arrays.stream(header.split(";")))
        .map(String::strip)
        .filter(pair -> pair.startsWith(start))
        .findFirst()
        .map(pair -> Cookie.cookie(name, pair.substring(start.length())))
        .orElse(null);
  }

  /** As much of a connection as is looked at once an upgrade has failed. */
  private Object connected(Method question, Object[] arguments) {
    return switch (question.getName()) {
      case "hashCode" -> System.identityHashCode(this);
      case "equals" -> System.identityHashCode(connection) == System.identityHashCode(arguments[0]);
      case "close" -> Future.succeededFuture();
      default -> throw new AssertionError("nobody said what " + question + " is");
    };
  }

  @SuppressWarnings("unchecked")
  private Object answered(Method said, Object[] arguments) {
    switch (said.getName()) {
      case "ended" -> {
        return answer != null;
      }
      case "closed" -> {
        return closed;
      }
      case "setStatusCode" -> status = (Integer) arguments[0];
      case "putHeader" -> answerHeaders.set(arguments[0].toString(), arguments[1].toString());
      case "closeHandler" -> onClose = (Handler<Void>) arguments[0];
      case "endHandler" -> onAnswered = (Handler<Void>) arguments[0];
      case "end" -> {
        if (answer != null) {
          throw new IllegalStateException("answered twice: " + answer);
        }
        answer = arguments == null ? "" : arguments[0].toString();
        if (onAnswered != null && !closed) {
          onAnswered.handle(null);
        }
        return Future.succeededFuture();
      }
      default -> throw new AssertionError("nobody said what " + said + " does");
    }
    return response;
  }
}
