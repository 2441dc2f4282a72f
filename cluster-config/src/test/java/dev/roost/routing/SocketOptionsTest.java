package dev.roost.routing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SocketOptionsTest {

  private static final SocketOptions DEFAULTS = SocketOptions.defaults();

  /** E-14, in either order and whichever transports there are. */
  @Test
  void theOriginAndTheCsrfCheckAreNotBothOff() {
    SocketOptions anyOrigin = DEFAULTS.withCheckOrigin(OriginPolicy.any());
    SocketOptions anySession = DEFAULTS.withCheckCsrf(false);
    assertTrue(anyOrigin.checkCsrf());
    assertEquals(OriginPolicy.sameHost(), anySession.checkOrigin());

    var refused =
        assertThrows(IllegalArgumentException.class, () -> anyOrigin.withCheckCsrf(false));
    assertEquals(
        "checkOrigin is any and checkCsrf is off, so any page could use its visitor's session:"
            + " leave one of them on, such as OriginPolicy.listed(..)",
        refused.getMessage());
    assertThrows(
        IllegalArgumentException.class, () -> anySession.withCheckOrigin(OriginPolicy.any()));
    assertThrows(
        IllegalArgumentException.class,
        () -> anySession.withLongPoll().withoutWebsocket().withCheckOrigin(OriginPolicy.any()));
  }
}
