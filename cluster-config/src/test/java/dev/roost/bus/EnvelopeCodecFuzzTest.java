package dev.roost.bus;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.sun.management.ThreadMXBean;
import io.vertx.core.buffer.Buffer;
import java.lang.management.ManagementFactory;
import java.util.Optional;

/**
 * The bus codec against any bytes: coverage-guided when fuzzed ({@code .ci/fuzz}), otherwise over
 * the kept inputs.
 */
class EnvelopeCodecFuzzTest {

  private static final long BYTES_PER_OCTET = 64;
  private static final long BYTES_ANYWAY = 32 * 1024;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final EnvelopeCodec codec = new EnvelopeCodec();

  @FuzzTest(maxDuration = "24h")
  void anyBytesAreAMessageOrAContractException(byte[] bytes) {
    Optional<Envelope> decoded = decode(Buffer.buffer(bytes));
    if (decoded.isEmpty()) {
      return;
    }
    Buffer again = Buffer.buffer();
    codec.encodeToWire(again, decoded.get());
    assertEquals(decoded, decode(again));
  }

  /** Decodes, holding the codec to its exception and to memory in proportion to the input. */
  private Optional<Envelope> decode(Buffer wire) {
    long limit = BYTES_ANYWAY + BYTES_PER_OCTET * wire.length();
    long allocated = 0;
    Optional<Envelope> decoded = Optional.empty();
    // Again if need be: it may be the JVM that loads or spins classes.
    for (int attempt = 0; attempt < 5; attempt++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      try {
        decoded = Optional.of(codec.decodeFromWire(0, wire));
      } catch (ContractException e) {
        decoded = Optional.empty();
      }
      allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
      if (allocated <= limit) {
        return decoded;
      }
    }
    throw new AssertionError(
        allocated + " bytes for " + wire.length() + " octets, at most " + limit);
  }
}
