package dev.roost.cluster;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.roost.cluster.HostingSimulation.Flaw;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who hosts what, through very many lives of a cluster; see {@link HostingSimulation}. */
class HostingSimulationTest {

  private static final int SCHEDULES = 100_000;
  private static final int ENOUGH = 5_000;

  /** To run one again: {@code -Droost.simulation.seed=N}. */
  @Test
  void everyPartitionEndsOnOneHostAndEpochsOnlyGrow() {
    Long only = Long.getLong("roost.simulation.seed");
    if (only != null) {
      HostingSimulation.run(only, Flaw.NONE);
      return;
    }
    LongStream.range(0, SCHEDULES).forEach(seed -> HostingSimulation.run(seed, Flaw.NONE));
  }

  /** A simulation that finds nothing proves nothing, unless it finds what is there. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void aFlawIsNoticed(Flaw flaw) {
    AssertionError noticed =
        assertThrows(
            AssertionError.class,
            () -> LongStream.range(1, ENOUGH).forEach(seed -> HostingSimulation.run(seed, flaw)));
    assertTrue(noticed.getMessage().startsWith("seed "), noticed.getMessage());
  }
}
