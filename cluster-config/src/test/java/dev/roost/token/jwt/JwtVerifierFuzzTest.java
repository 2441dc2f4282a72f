package dev.roost.token.jwt;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

/**
 * JSON Web Tokens against any text, and against any header and claims that have a good signature:
 * whatever comes is a result. Coverage-guided when fuzzed ({@code .ci/fuzz}), otherwise over the
 * kept inputs.
 */
class JwtVerifierFuzzTest {

  private static final String TEXT = "a secret of JWTs of 32 bytes....";
  private static final Signer.Secret SECRET = Signer.secret(TEXT);
  private static final Signer.Pair PAIR = Signer.ec("secp256r1");
  private static final JwtVerifier VERIFIER =
      new JwtVerifier(JwtSettings.of(JwtKeys.secrets(TEXT)).withIssuer("me"));
  private static final JwtVerifier PUBLIC =
      new JwtVerifier(JwtSettings.of(JwtKeys.publicKeys(PAIR.pem())));

  /** The bytes are a header and claims, with a line between. */
  @FuzzTest
  void anyTextIsAJwtOrInvalid(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    int line = text.indexOf('\n');
    String header = line < 0 ? "{\"alg\":\"HS256\"}" : text.substring(0, line);
    String claims = text.substring(line + 1);
    String signed = SECRET.sign("HS256", header, claims);

    assertInstanceOf(JwtResult.Invalid.class, VERIFIER.verify(text));
    assertInstanceOf(JwtResult.Invalid.class, PUBLIC.verify(text));
    assertInstanceOf(JwtResult.Invalid.class, PUBLIC.verify(signed));
    JwtResult result = VERIFIER.verify(signed);
    if (result instanceof JwtResult.Unavailable || result instanceof JwtResult.Missing) {
      throw new AssertionError(result);
    }
  }
}
