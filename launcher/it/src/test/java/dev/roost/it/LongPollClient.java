package dev.roost.it;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A client that polls, with a JSON of its own; any request may go to any port. */
public final class LongPollClient {

  static final String BATCH = "application/x-ndjson";

  private static final JsonMapper MAPPER = JsonMapper.builder().build();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final String path;
  private final String query;
  private @Nullable String token;

  /** A client without a session yet; the query is everything but the token. */
  public LongPollClient(String path, String query) {
    this.path = path;
    this.query = query;
  }

  /** What a server answered. */
  public record Answer(int httpStatus, HttpResponse<String> response) {

    JsonNode json() {
      return tree(response.body());
    }

    /** The protocol's status (G-1). */
    public int status() {
      return json().path("status").asInt();
    }

    List<JsonNode> messages() {
      var messages = new ArrayList<JsonNode>();
      json().path("messages").forEach(text -> messages.add(tree(text.asText())));
      return messages;
    }

    String header(String name) {
      return response.headers().firstValue(name).orElse("");
    }
  }

  static JsonNode tree(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (IOException e) {
      throw new AssertionError("expected JSON, got " + json, e);
    }
  }

  /** Opens a session, which the answer has to say. */
  public LongPollClient open(int port) {
    Answer answer = poll(port);
    if (answer.httpStatus() != 200 || answer.status() != 410) {
      throw new AssertionError("expected a session, got " + answer.response().body());
    }
    token = answer.json().path("token").asText();
    return this;
  }

  String token() {
    if (token == null) {
      throw new IllegalStateException("there is no session yet: open one");
    }
    return token;
  }

  void token(@Nullable String other) {
    token = other;
  }

  public Answer poll(int port) {
    return await(pollAsync(port));
  }

  public CompletableFuture<Answer> pollAsync(int port, String... headers) {
    return send(port, headers, HttpRequest.newBuilder().GET());
  }

  public Answer post(int port, String body) {
    return post(port, BATCH, body);
  }

  Answer post(int port, String type, String body) {
    return await(
        send(
            port,
            new String[] {"content-type", type},
            HttpRequest.newBuilder().POST(BodyPublishers.ofString(body))));
  }

  Answer request(int port, String method, String... headers) {
    return await(
        send(port, headers, HttpRequest.newBuilder().method(method, BodyPublishers.noBody())));
  }

  private CompletableFuture<Answer> send(int port, String[] headers, HttpRequest.Builder builder) {
    String all = token == null ? query : query + "&token=" + token;
    builder.uri(URI.create("http://localhost:" + port + path + "?" + all));
    if (headers.length > 0) {
      builder.headers(headers);
    }
    return HTTP.sendAsync(builder.build(), BodyHandlers.ofString())
        .thenApply(response -> new Answer(response.statusCode(), response));
  }

  /** Polls until as many messages have come. */
  List<JsonNode> take(int port, int count) {
    var taken = new ArrayList<JsonNode>();
    while (taken.size() < count) {
      Answer answer = poll(port);
      if (answer.status() != 200 && answer.status() != 204) {
        throw new AssertionError(
            "expected messages, got " + answer.response().body() + " after " + taken);
      }
      taken.addAll(answer.messages());
    }
    return taken;
  }

  public static <T> T await(CompletableFuture<T> future) {
    try {
      return future.get(TestServer.LIMIT.toSeconds(), java.util.concurrent.TimeUnit.SECONDS);
    } catch (java.util.concurrent.ExecutionException e) {
      throw new UncheckedIOException(new IOException(e.getCause()));
    } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
      throw new AssertionError("no answer", e);
    }
  }
}
