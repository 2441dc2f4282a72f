package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JoinJournalTest {

  private final JoinJournal journal = new JoinJournal();

  @Test
  void whatHazelcastSaysOfAnotherClusterAndOfSilenceIsKept() {
    journal.note(
        "[127.0.0.1]:5702 [another] [5.7.0] Node could not join cluster at node: [10.0.0.7]:5701"
            + " Cause: the target cluster has a different cluster-name");
    journal.note(
        "Could not connect to: /10.0.0.8:5701. Reason: SocketException[Connection refused to"
            + " address /10.0.0.8:5701]");
    journal.note(
        "Node could not join cluster. A Configuration mismatch was detected: Incompatible partition"
            + " count! Node is going to shutdown now!");
    journal.note(
        "[10.0.0.9]:5701 [roost] [5.7.0] DNS lookup for serviceDns 'roost.default.svc' failed:"
            + " unknown host");
    journal.note("Something else");
    assertEquals(List.of("10.0.0.7:5701"), journal.otherClusters());
    assertEquals(
        Map.of("10.0.0.8:5701", "Connection refused to address /10.0.0.8:5701"),
        journal.unreachable());
    assertEquals(List.of("Incompatible partition count!"), journal.mismatches());
    assertTrue(journal.isUnresolved("roost.default.svc"));
    assertFalse(journal.isUnresolved("roost"));
  }
}
