package dev.roost.tracking;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * Makes values of {@code phx_ref}: 16 characters in url-safe Base64, of a time in nanoseconds, what
 * tells this host from others, and a number (P-4).
 */
final class PresenceRefs {

  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  private final long start = System.currentTimeMillis() * 1_000_000;
  private final short host = (short) new SecureRandom().nextInt();
  private final TrackingContext context;
  private final long startNanos;
  private short number;

  PresenceRefs(TrackingContext context) {
    this.context = context;
    this.startNanos = context.nanoTime();
  }

  String next() {
    long now = start + (context.nanoTime() - startNanos);
    byte[] ref = ByteBuffer.allocate(12).putLong(now).putShort(host).putShort(number++).array();
    return ENCODER.encodeToString(ref);
  }
}
