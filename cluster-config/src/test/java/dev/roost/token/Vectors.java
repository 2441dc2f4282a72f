package dev.roost.token;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** What section 21.5 of the specification has, and tokens that no Phoenix would make. */
final class Vectors {

  static final String SECRET = "spec-vector-secret-key-base-" + "0".repeat(37);
  static final String SALT = "user auth";
  static final String KEY = "449e8f075639ecde204009d1082191d4bf464b5d4cc8b3e80de507f539a306f4";
  static final Instant SIGNED_AT = Instant.ofEpochSecond(1_700_000_000);
  static final String ONE =
      "SFMyNTY.g2gDYQFuBgAAaOXPiwFiAAFRgA.9-QFSHdp1yl-bvLjGr4a0WGMySGXqrAkWxEOeqOaIKY";
  static final String ENCRYPTED_ONE =
      "XCP.-Za3UjapDTU2AyqlVELsVQLaWDxDJLmmpqBaMr3o4B6Gy3VnYkI956IV9MFxPgpBDx88TQSgoo_vRI8";

  private Vectors() {}

  /** A payload, as hex with blanks, signed with the vectors' key. */
  static String signed(String payload) {
    return signed("HS256", "HmacSHA256", HexFormat.of().parseHex(payload.replace(" ", "")));
  }

  /** The bytes of a token's part, the first being 0. */
  static byte[] part(String token, int index) {
    return Base64.getUrlDecoder().decode(token.split("\\.", -1)[index]);
  }

  static String signed(String name, String algorithm, byte[] payload) {
    var encoder = Base64.getUrlEncoder().withoutPadding();
    String text =
        encoder.encodeToString(name.getBytes(StandardCharsets.US_ASCII))
            + "."
            + encoder.encodeToString(payload);
    try {
      var mac = Mac.getInstance(algorithm);
      mac.init(new SecretKeySpec(HexFormat.of().parseHex(KEY), algorithm));
      return text
          + "."
          + encoder.encodeToString(mac.doFinal(text.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }
}
