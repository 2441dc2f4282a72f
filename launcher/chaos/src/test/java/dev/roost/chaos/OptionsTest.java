package dev.roost.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OptionsTest {

  @Test
  void whatIsNotGivenHasADefault() {
    Options options = parse("--seed=7");

    assertEquals(7, options.seed());
    assertEquals(21, options.faults());
    assertEquals(Options.Choice.AUTO, options.networks());
  }

  @Test
  void aTypingMistakeIsRefusedByItsName() {
    var refused = assertThrows(IllegalArgumentException.class, () -> parse("--fault=3"));
    assertTrue(String.valueOf(refused.getMessage()).contains("--fault"));
    assertThrows(IllegalArgumentException.class, () -> parse("--seed=one"));
    assertThrows(IllegalArgumentException.class, () -> parse("seed"));
  }

  @Test
  void networksAreOnOffOrWhereTheyCanBe() {
    assertEquals(Options.Choice.ON, parse("--networks=on").networks());
    assertEquals(Options.Choice.OFF, parse("--networks=off").networks());
    assertThrows(IllegalArgumentException.class, () -> parse("--networks=yes"));
  }

  private static Options parse(String... more) {
    var arguments = new ArrayList<>(List.of("--roost=r", "--fixture=f", "--logs=l", "--report=p"));
    arguments.addAll(List.of(more));
    return Options.parse(arguments);
  }
}
