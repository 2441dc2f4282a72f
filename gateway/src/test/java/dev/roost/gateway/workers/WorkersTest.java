package dev.roost.gateway.workers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {

  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() {
    vertx.close().await();
  }

  /** The 19th field; the second is a name in parentheses. */
  private static int niceness() throws IOException {
    String stat = Files.readString(Path.of("/proc/thread-self/stat"));
    return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", 18)[16]);
  }

  /** Each thread is asked several times, and comes no further behind. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  @EnabledOnOs(OS.LINUX)
  void theyComeBehindAllOthers(boolean ofSignatures) throws IOException {
    int own = niceness();
    assertTrue(own < 19, "nothing comes behind the lowest there is: run this at a lower niceness");
    Workers workers = ofSignatures ? Workers.forSignatures(vertx) : Workers.forMessages(vertx);
    Set<Integer> found = new HashSet<>();
    for (int i = 0; i < 10 * Runtime.getRuntime().availableProcessors(); i++) {
      found.add(workers.compute(WorkersTest::niceness).await());
    }
    assertEquals(Set.of(Math.min(19, own + 10)), found);
    assertEquals(own, niceness());
  }

  @Test
  void workThatComesTooLateFails() {
    Workers workers = Workers.forMessages(vertx);
    workers.close().await();
    Future<Integer> late = workers.compute(() -> 1);
    assertThrows(RejectedExecutionException.class, late::await);
  }
}
