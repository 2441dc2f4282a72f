package dev.roost.gateway.transport;

import dev.roost.bus.Addresses;
import dev.roost.bus.RawPayload;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;

/**
 * What a long-poll client shows with each request: which gateway verticle holds its session, the
 * session's number there, and its secret. Url-safe Base64 of 44 octets, which tells nothing of the
 * cluster: the holder's address stands in it as a hash.
 *
 * @param holderHash of the holder's address
 * @param verticle number of the holder on it
 * @param session number of the session at the holder
 * @param secret 24 random octets that only the holder can tell from others
 */
record LongPollToken(long holderHash, int verticle, long session, RawPayload secret) {

  /*
   * Phoenix signs its tokens, because any node may find the session's process by what they say. Here
   * the holder looks the session up and compares the secret: nothing that can be made up finds one,
   * and no key has to be shared, rotated or agreed on after a split. Who sends a made-up token can
   * cause one message to a live gateway, whose token he has seen, and which answers that it has no
   * such session; for none that is not there, since a node's name is random and not told.
   */

  static final int SECRET_BYTES = 24;
  private static final int BYTES = 8 + 4 + 8 + SECRET_BYTES;
  private static final int CHARACTERS = (BYTES * 4 + 2) / 3;
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

  static LongPollToken of(String node, int verticle, long session, byte[] secret) {
    return new LongPollToken(
        hash(Addresses.gateway(node, verticle)), verticle, session, RawPayload.binary(secret));
  }

  /** Empty for anything that {@link #text} does not write. */
  static Optional<LongPollToken> parse(String text) {
    if (text.length() != CHARACTERS) {
      return Optional.empty();
    }
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(text);
    } catch (IllegalArgumentException notBase64) {
      return Optional.empty();
    }
    if (bytes.length != BYTES) {
      return Optional.empty();
    }
    var in = ByteBuffer.wrap(bytes);
    long holderHash = in.getLong();
    int verticle = in.getInt();
    long session = in.getLong();
    var secret = new byte[SECRET_BYTES];
    in.get(secret);
    return verticle < 0 || session < 0
        ? Optional.empty()
        : Optional.of(new LongPollToken(holderHash, verticle, session, RawPayload.binary(secret)));
  }

  String text() {
    return ENCODER.encodeToString(
        ByteBuffer.allocate(BYTES)
            .putLong(holderHash)
            .putInt(verticle)
            .putLong(session)
            .put(secret.bytes())
            .array());
  }

  /** Inbox of the gateway verticle that holds the session; empty if its node is none of these. */
  Optional<String> holder(Set<String> liveNodes) {
    for (String node : liveNodes) {
      String address = Addresses.gateway(node, verticle);
      if (hash(address) == holderHash) {
        return Optional.of(address);
      }
    }
    return Optional.empty();
  }

  private static long hash(String address) {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      return ByteBuffer.wrap(digest.digest(address.getBytes(StandardCharsets.UTF_8))).getLong();
    } catch (NoSuchAlgorithmException everyJavaHasIt) {
      throw new IllegalStateException(everyJavaHasIt);
    }
  }
}
