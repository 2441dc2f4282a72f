package dev.roost.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ResultTest {

  @Test
  void aReplyHasAStatusAndAResponse() { // M-5, M-6, Y-1
    assertEquals(new Result.Reply("ok", Map.of(), Optional.empty()), Result.ok());
    assertEquals(new Result.Reply("ok", 1, Optional.empty()), Result.reply(1));
    assertEquals(new Result.Reply("error", "no", Optional.empty()), Result.error("no"));
    assertEquals(new Result.Reply("later", null, Optional.empty()), Result.reply("later", null));
  }

  @Test
  void aReplyMayStopTheChannel() { // M-8
    assertEquals(Optional.of(StopReason.normal()), Result.reply(Map.of()).thenStop().stop());
    assertEquals(
        Optional.of(StopReason.failure("broken")),
        Result.error(Map.of()).thenStop(StopReason.failure("broken")).stop());
  }

  @Test
  void aStatusIsNotEmpty() { // S-17
    assertThrows(IllegalArgumentException.class, () -> Result.reply("", Map.of()));
  }

  @Test
  void aStopHasAReason() { // L-10, L-12
    assertEquals(new Outcome.Stop(StopReason.normal()), Result.stop());
    assertEquals(
        new Outcome.Stop(StopReason.shutdown("done")), Result.stop(StopReason.shutdown("done")));
    assertThrows(NullPointerException.class, () -> Result.stop(null));
  }

  @Test
  void aJoinIsAnsweredWithAnEmptyObjectUnlessSaidOtherwise() { // J-9 to J-11
    assertEquals(new JoinResult.Ok(Map.of(), Map.of()), JoinResult.ok());
    assertEquals(new JoinResult.Ok(1, Map.of()), JoinResult.ok(1));
    assertEquals(new JoinResult.Refused("full"), JoinResult.refuse("full"));
  }

  @Test
  void aJoinMayBeAnsweredWithBeingPresentUnderEachKeyOnce() { // P-20
    var answer = JoinResult.ok(1).present("user:1", Map.of()).present("device:7", Map.of("at", 5));
    assertEquals(List.of("user:1", "device:7"), List.copyOf(answer.present().keySet()));
    assertThrows(IllegalArgumentException.class, () -> answer.present("user:1", Map.of()));
  }
}
