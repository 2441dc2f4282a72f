package dev.roost.gateway.socket;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

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

  @Test
  @EnabledOnOs(OS.LINUX)
  void theyComeBehindAllOthers() throws IOException {
    int own = niceness();
    Workers workers = Workers.of(vertx);
    assertEquals(Math.min(19, own + 10), workers.compute(WorkersTest::niceness).await());
    assertEquals(Math.min(19, own + 10), workers.compute(WorkersTest::niceness).await());
    assertEquals(own, niceness());
  }
}
