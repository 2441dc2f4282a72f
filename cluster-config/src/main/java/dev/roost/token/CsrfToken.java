package dev.roost.token;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What a page shows to prove that it belongs to a session: the {@code _csrf_token} that {@code
 * Plug.CSRFProtection} gives to it (C-15).
 */
public final class CsrfToken {

  // Submitted is the state XOR a mask, in Base64, and behind it the mask: another text each time,
  // so that compression of a page does not give it away.

  private static final int STATE_BYTES = 24;
  private static final int MASKED_CHARACTERS = 32;

  private CsrfToken() {}

  /**
   * Whether the page's token is the session's; in the same time whatever their letters are.
   *
   * @param stateToken what the session has, 24 bytes of text, null if it has none
   * @param submitted what the page sent, 56 bytes of text, null if it sent none
   */
  public static boolean matches(@Nullable String stateToken, @Nullable String submitted) {
    if (stateToken == null || submitted == null) {
      return false;
    }
    byte[] state = stateToken.getBytes(StandardCharsets.UTF_8);
    byte[] sent = submitted.getBytes(StandardCharsets.UTF_8);
    if (state.length != STATE_BYTES || sent.length != MASKED_CHARACTERS + STATE_BYTES) {
      return false;
    }
    byte[] unmasked;
    try {
      unmasked = Base64.getUrlDecoder().decode(Arrays.copyOf(sent, MASKED_CHARACTERS));
    } catch (IllegalArgumentException e) {
      return false;
    }
    for (int i = 0; i < unmasked.length; i++) {
      unmasked[i] ^= sent[MASKED_CHARACTERS + i];
    }
    return MessageDigest.isEqual(unmasked, state);
  }
}
