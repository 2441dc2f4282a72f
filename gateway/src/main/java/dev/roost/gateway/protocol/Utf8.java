package dev.roost.gateway.protocol;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Whether bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing over U+10FFFF. */
public final class Utf8 {

  // Eight octets at a time while they are ASCII, which nearly all messages are throughout.
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long NON_ASCII = 0x8080808080808080L;

  private Utf8() {}

  public static boolean isValid(byte[] bytes) {
    int i = 0;
    int length = bytes.length;
    while (i < length) {
      if (i + 8 <= length && ((long) LONGS.get(bytes, i) & NON_ASCII) == 0) {
        i += 8;
        continue;
      }
      int lead = bytes[i] & 0xff;
      if (lead < 0x80) {
        i++;
        continue;
      }
      int width = width(lead);
      if (width == 0 || i + width > length || !isSequence(bytes, i, lead, width)) {
        return false;
      }
      i += width;
    }
    return true;
  }

  private static int width(int lead) {
    if (lead >= 0xc2 && lead <= 0xdf) {
      return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef) {
      return 3;
    }
    return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
  }

  // The second octet rules out overlong forms, surrogates and what lies beyond U+10FFFF.
  private static boolean isSequence(byte[] bytes, int start, int lead, int width) {
    int second = bytes[start + 1] & 0xff;
    int low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    int high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) {
      return false;
    }
    for (int i = start + 2; i < start + width; i++) {
      if ((bytes[i] & 0xc0) != 0x80) {
        return false;
      }
    }
    return true;
  }
}
