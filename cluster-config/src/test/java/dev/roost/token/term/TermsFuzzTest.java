package dev.roost.token.term;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/**
 * The term codec against any bytes: coverage-guided when fuzzed ({@code .ci/fuzz}), otherwise over
 * the kept inputs.
 */
class TermsFuzzTest {

  // The fuzzer's own hooks copy the cases of a switch each time, and every term has one.
  private static final long BYTES_PER_OCTET = Boolean.getBoolean("roost.fuzzing") ? 512 : 64;
  private static final long BYTES_ANYWAY = 32 * 1024;
  private static final long BEST_RATIO = 1032;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @FuzzTest
  void anyBytesAreATermOrATermException(byte[] bytes) {
    Optional<Tuple> decoded = decode(bytes);
    if (decoded.isEmpty()) {
      return;
    }
    // A term in another spelling may be longer in ours: 6 bytes for an integer that took 1.
    byte[] encoded;
    try {
      encoded = Terms.encode(decoded.get().get(0));
    } catch (IllegalArgumentException e) {
      assertTrue(e.getMessage().contains("bytes, got more"), e.getMessage());
      return;
    }
    assertArrayEquals(encoded, Terms.encode(Terms.decode(encoded)));
  }

  /** Decodes, holding the codec to its exception and to memory in proportion to the input. */
  private Optional<Tuple> decode(byte[] bytes) {
    boolean compressed = bytes.length > 1 && bytes[1] == Terms.COMPRESSED;
    long octets = compressed ? Math.min(Terms.MAX_BYTES, BEST_RATIO * bytes.length) : bytes.length;
    long limit = BYTES_ANYWAY + BYTES_PER_OCTET * octets;
    long allocated = 0;
    // Again if need be: it may be the JVM that loads or spins classes.
    for (int attempt = 0; attempt < 5; attempt++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      Optional<Tuple> decoded;
      try {
        decoded = Optional.of(Tuple.of(Terms.decode(bytes)));
      } catch (TermException e) {
        decoded = Optional.empty();
      }
      allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      if (allocated <= limit) {
        return decoded;
      }
    }
    throw new AssertionError(allocated + " bytes for " + octets + " octets, at most " + limit);
  }
}
