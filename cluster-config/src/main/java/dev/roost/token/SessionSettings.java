package dev.roost.token;

import org.jspecify.annotations.Nullable;

/**
 * How an application keeps its sessions in a cookie: what its endpoint gives to {@code
 * Plug.Session} with {@code store: :cookie}. {@code with..} methods change one setting.
 *
 * @param secretKeyBase the endpoint's {@code secret_key_base}, and those before it
 * @param signingSalt its {@code signing_salt}, not empty
 * @param encryptionSalt its {@code encryption_salt}; default null, cookies are only signed
 * @param derivation its {@code key_iterations}, {@code key_length} and {@code key_digest}; default
 *     Phoenix's
 * @param csrfKey where in the session the state of the CSRF check is; default {@code _csrf_token}
 *     (C-12)
 */
public record SessionSettings(
    SecretKeyBase secretKeyBase,
    String signingSalt,
    @Nullable String encryptionSalt,
    KeyDerivation derivation,
    String csrfKey) {

  /**
   * Throws IllegalArgumentException for an empty salt, and for an encryption salt with keys that
   * are not of 32 bytes.
   */
  public SessionSettings {
    if (signingSalt.isEmpty()) {
      throw new IllegalArgumentException(
          "signingSalt is the endpoint's signing_salt, got an empty one");
    }
    if (encryptionSalt != null) {
      if (encryptionSalt.isEmpty()) {
        throw new IllegalArgumentException(
            "encryptionSalt is the endpoint's encryption_salt, or null, got an empty one");
      }
      if (derivation.lengthBytes() != XChaCha20Poly1305.KEY_BYTES) {
        throw new IllegalArgumentException(
            "encrypted cookies need keys of "
                + XChaCha20Poly1305.KEY_BYTES
                + " bytes, the derivation's lengthBytes is "
                + derivation.lengthBytes());
      }
    }
  }

  /** Signed cookies with Plug's defaults. */
  public static SessionSettings of(SecretKeyBase secretKeyBase, String signingSalt) {
    return new SessionSettings(
        secretKeyBase, signingSalt, null, KeyDerivation.defaults(), "_csrf_token");
  }

  /**
   * Signed cookies with Plug's defaults. Throws IllegalArgumentException as {@link SecretKeyBase}
   * does.
   */
  public static SessionSettings of(String secretKeyBase, String signingSalt) {
    return of(SecretKeyBase.of(secretKeyBase), signingSalt);
  }

  /** Accepts cookies of these secrets too. */
  public SessionSettings withOlderSecrets(String... secrets) {
    return new SessionSettings(
        secretKeyBase.withOlder(secrets), signingSalt, encryptionSalt, derivation, csrfKey);
  }

  public SessionSettings withEncryptionSalt(@Nullable String value) {
    return new SessionSettings(secretKeyBase, signingSalt, value, derivation, csrfKey);
  }

  public SessionSettings withDerivation(KeyDerivation value) {
    return new SessionSettings(secretKeyBase, signingSalt, encryptionSalt, value, csrfKey);
  }

  public SessionSettings withCsrfKey(String value) {
    return new SessionSettings(secretKeyBase, signingSalt, encryptionSalt, derivation, value);
  }
}
