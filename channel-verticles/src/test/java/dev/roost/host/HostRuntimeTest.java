package dev.roost.host;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostRuntimeTest {

  @ParameterizedTest
  @CsvSource({
    "999,      0µs",
    "87999,    87µs",
    "1000999,  1000µs",
    "1001000,  1ms",
    "12999999, 12ms",
  })
  void aDurationIsWrittenInWholeMicrosecondsOrMilliseconds(long nanos, String written) {
    assertEquals(written, HostRuntime.written(nanos));
  }
}
