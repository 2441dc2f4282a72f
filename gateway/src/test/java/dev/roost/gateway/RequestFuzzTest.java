package dev.roost.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.code_intelligence.jazzer.junit.DictionaryEntries;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.roost.gateway.protocol.CloseCode;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.LoggerFactory;

/**
 * Any requests, from the request line to the last byte of the body, against a gateway with a host
 * behind it: each is answered once and as documented, and nothing of them stays. Coverage-guided
 * when fuzzed ({@code .ci/fuzz}), otherwise over the kept inputs.
 */
class RequestFuzzTest {

  private static final Set<Integer> STATUSES = Set.of(200, 301, 307, 400, 403, 404);
  private static final Set<Integer> OF_A_POLL = Set.of(200, 204, 403, 410);
  private static final Set<Integer> OF_A_POST = Set.of(200, 403, 410, 413);

  // A connect takes about ten turns: to the host, back, and the answer.
  private static final int TURNS = 64;
  private static final int MAX_REQUESTS = 6;

  /** Stands for the token of a session that is open. */
  private static final String TOKEN = "$TOKEN";

  private static final String OPEN = "GET /socket/longpoll?vsn=2.0.0\nhost: localhost";

  private static final FuzzedServer SERVER = started();

  private static FuzzedServer started() {
    // What is refused is logged, and this refuses a lot.
    ((Logger) LoggerFactory.getLogger("dev.roost")).setLevel(Level.OFF);
    try {
      return FuzzedServer.start();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @DictionaryEntries({
    "GET /socket/websocket?vsn=2.0.0\\x0ahost: localhost\\x0a",
    "GET /socket/longpoll?vsn=2.0.0&token=$TOKEN\\x0ahost: localhost\\x0a",
    "POST /socket/longpoll?vsn=2.0.0&token=$TOKEN\\x0ahost: localhost\\x0a",
    "content-type: application/x-ndjson\\x0a\\x0a",
    "[\"1\",\"1\",\"room:1\",\"phx_join\",{}]\\x0a",
    "OPTIONS /t/x/longpoll",
    "x-phoenix-longpoll-token: $TOKEN\\x0a",
    "x-phoenix-authtoken: ",
    "x-forwarded-for: 198.51.100.7, 192.0.2.9\\x0a",
    "x-forwarded-proto: https\\x0a",
    "x-forwarded-host: a.example:81\\x0a",
    "x-forwarded-port: 443\\x0a",
    "origin: https://a.example\\x0a",
    "connection: upgrade\\x0aupgrade: websocket\\x0asec-websocket-version:"
        + " 13\\x0asec-websocket-key: k\\x0a",
    "sec-websocket-protocol: phoenix, base64url.bearer.phx.dG9r\\x0a",
    "/same/longpoll",
    "&vsn=1.0.0"
  })
  @FuzzTest(maxDuration = "24h")
  void anyRequestIsAnsweredOnceAsDocumentedAndLeavesNothing(byte[] bytes) {
    String script = new String(bytes, ISO_8859_1);
    var done = new CompletableFuture<List<FuzzedRequest>>();
    var played = new ArrayList<FuzzedRequest>();
    List<FuzzedRequest> requests =
        SERVER.run(
            done,
            () -> {
              if (script.contains(TOKEN)) {
                FuzzedRequest opening = FuzzedRequest.parse(OPEN).orElseThrow();
                play(opening, done, () -> next(script, token(opening), 0, played, done));
              } else {
                next(script, "", 0, played, done);
              }
            });
    requests.forEach(RequestFuzzTest::check);
  }

  private static String token(FuzzedRequest opening) {
    return new JsonObject(opening.answer()).getString("token");
  }

  /** Requests stand one behind the other, with a zero between. */
  private static void next(
      String rest,
      String token,
      int number,
      List<FuzzedRequest> played,
      CompletableFuture<List<FuzzedRequest>> done) {
    int end = rest.indexOf('\0');
    String text = end < 0 ? rest : rest.substring(0, end);
    Runnable afterwards =
        end < 0 || number == MAX_REQUESTS
            ? () -> end(played, done)
            : () -> next(rest.substring(end + 1), token, number + 1, played, done);
    FuzzedRequest.parse(text.replace(TOKEN, token))
        .ifPresentOrElse(
            request -> {
              played.add(request);
              play(request, done, afterwards);
            },
            afterwards);
  }

  private static void play(FuzzedRequest request, CompletableFuture<?> done, Runnable afterwards) {
    try {
      request.sendTo(SERVER.requests());
      await(request, TURNS, done, afterwards);
    } catch (Throwable uncaught) {
      done.completeExceptionally(uncaught);
    }
  }

  /** Until it is answered; who polls for nothing goes away after a while. */
  private static void await(
      FuzzedRequest request, int turns, CompletableFuture<?> done, Runnable afterwards) {
    try {
      if (request.isAnswered()) {
        afterwards.run();
      } else if (turns > 0) {
        SERVER.later(0, () -> await(request, turns - 1, done, afterwards));
      } else {
        request.leave();
        afterwards.run();
      }
    } catch (Throwable uncaught) {
      done.completeExceptionally(uncaught);
    }
  }

  private static void end(List<FuzzedRequest> played, CompletableFuture<List<FuzzedRequest>> done) {
    SERVER.gateway().sockets().all().forEach(socket -> socket.close(CloseCode.GOING_AWAY));
    SERVER.later(
        8,
        () -> {
          try {
            assertEquals(0, SERVER.gateway().longPolls().sessionCount(), "sessions");
            assertEquals(0, SERVER.gateway().longPolls().exchangeCount(), "exchanges");
            assertEquals(0, SERVER.gateway().sockets().socketCount(), "sockets");
            assertEquals(0, SERVER.gateway().sockets().channelCount(), "channels");
            done.complete(played);
          } catch (Throwable left) {
            done.completeExceptionally(left);
          }
        });
  }

  /* ---- answers */

  private static void check(FuzzedRequest request) {
    boolean isPoll = request.path.contains("longpoll") && request.method.name().equals("GET");
    if (!request.isAnswered()) {
      assertTrue(isPoll, () -> "no answer to " + request.method + " " + request.path);
      return;
    }
    assertTrue(STATUSES.contains(request.status()), () -> "status " + request.status());
    if (request.status() == 301 || request.status() == 307) {
      assertTrue(request.answerHeader("location").startsWith("https://"));
    }
    if (request.answerHeader("content-type") == null) {
      assertEquals("", request.answer());
    } else if (request.answerHeader("content-type").startsWith("application/json")) {
      checkJson(request, isPoll);
    }
  }

  private static void checkJson(FuzzedRequest request, boolean isPoll) {
    assertEquals("no-store", request.answerHeader("cache-control"));
    assertEquals("*", request.answerHeader("access-control-allow-origin"));
    var answer = new JsonObject(request.answer());
    int status = answer.getInteger("status");
    boolean hasMessages = isPoll && status != 403;
    assertEquals(
        hasMessages ? Set.of("status", "token", "messages") : Set.of("status"),
        answer.fieldNames());
    if (request.method.name().equals("POST")) {
      assertTrue(OF_A_POST.contains(status), () -> "status " + status);
    } else {
      assertTrue(OF_A_POLL.contains(status), () -> "status " + status);
    }
    for (Object message : answer.getJsonArray("messages", new JsonArray())) {
      assertNotNull(Json.decodeValue((String) message));
    }
  }
}
