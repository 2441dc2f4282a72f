package dev.roost.threads;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class NicenessTest {

  private static final Path STAT = Path.of("/proc/thread-self/stat");

  /** The 19th field; the second is a name in parentheses. */
  private static int niceness() throws IOException {
    String stat = Files.readString(STAT);
    return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ", 18)[16]);
  }

  @Test
  void oneThreadComesBehindTheOthersHoweverOftenItAsks() throws Exception {
    int before = niceness();
    var told =
        new FutureTask<>(
            () -> {
              int first = niceness();
              Niceness.lower();
              int second = niceness();
              Niceness.lower();
              return List.of(first, second, niceness());
            });
    Thread.ofPlatform().start(told);
    int lowered = Math.min(19, before + 10);
    assertEquals(List.of(before, lowered, lowered), told.get());
    assertEquals(before, niceness());
  }
}
