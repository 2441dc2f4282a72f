package dev.roost.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vertx.core.http.HttpServerOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServerCertificateTest {

  @TempDir static Path folder;

  private static TestCertificate rsa;
  private static TestCertificate ec;
  private static TestCertificate other;

  @BeforeAll
  static void make() throws Exception {
    rsa = TestCertificate.make(folder, "rsa.example", "-keyalg", "RSA", "-validity", "90");
    ec = TestCertificate.make(folder, "ec.example", "-keyalg", "EC", "-validity", "90");
    other = TestCertificate.make(folder, "other.example", "-keyalg", "EC");
  }

  private static Path file(String name, String text) throws Exception {
    return Files.writeString(folder.resolve(name), text);
  }

  private static String failure(Path certificate, Path key) {
    return assertThrows(
            TlsFailure.class, () -> ServerCertificate.read(TlsOptions.of(certificate, key)))
        .getMessage();
  }

  @Test
  void aPairIsNamedByItsHosts() {
    assertTrue(
        ServerCertificate.read(rsa.options()).toString().startsWith("rsa.example, valid until 20"));
    assertTrue(ServerCertificate.read(ec.options()).toString().startsWith("ec.example, valid"));
  }

  /** What openssl and cert-manager write: the key inside PKCS #8, without the algorithm. */
  @ParameterizedTest
  @CsvSource({"RSA", "EC"})
  void theOlderFormsOfAKeyAreRead(String algorithm) throws Exception {
    TestCertificate pair = algorithm.equals("RSA") ? rsa : ec;
    byte[] pkcs8 = pair.pkcs8();
    // The last element of PKCS #8 is the octet string with the older form; attributes follow none.
    for (int at = 0; at < pkcs8.length; at++) {
      int header = pkcs8[at + 1] == (byte) 0x82 ? 4 : pkcs8[at + 1] == (byte) 0x81 ? 3 : 2;
      int length =
          switch (header) {
            case 4 -> ((pkcs8[at + 2] & 0xff) << 8) | (pkcs8[at + 3] & 0xff);
            case 3 -> pkcs8[at + 2] & 0xff;
            default -> pkcs8[at + 1];
          };
      if (pkcs8[at] == 0x04 && at + header + length == pkcs8.length) {
        byte[] older = Arrays.copyOfRange(pkcs8, at + header, pkcs8.length);
        Path key = file(algorithm + ".key", new Pem(algorithm + " PRIVATE KEY", older).toString());
        ServerCertificate.read(TlsOptions.of(pair.certificate(), key));
        return;
      }
    }
    throw new AssertionError("expected an octet string at the end of a key");
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    Path nowhere = folder.resolve("nowhere.pem");
    assertEquals(
        "TLS certificate " + nowhere + ": expected a PEM file, got none",
        failure(nowhere, ec.key()));
    assertEquals(
        "TLS key " + nowhere + ": expected a PEM file, got none",
        failure(ec.certificate(), nowhere));
    TlsOptions clients = ec.options().withClientCa(nowhere);
    assertEquals(
        "authority of TLS clients " + nowhere + ": expected a PEM file, got none",
        assertThrows(TlsFailure.class, () -> ServerCertificate.read(clients)).getMessage());
  }

  @Test
  void theKeyOfAnotherCertificateIsNamed() {
    assertEquals(
        "TLS key "
            + other.key()
            + ": expected that of the first certificate in "
            + ec.certificate()
            + " (ec.example), got that of another",
        failure(ec.certificate(), other.key()));
    assertEquals(
        "TLS key "
            + rsa.key()
            + ": expected the key of the certificate, which is EC, got another or a broken one",
        failure(ec.certificate(), rsa.key()));
  }

  @Test
  void aFileThatIsHalfWrittenIsNamed() throws Exception {
    String whole = Files.readString(ec.certificate());
    Path half = file("half.pem", whole.substring(0, whole.length() / 2));
    assertEquals(
        "TLS certificate "
            + half
            + ": expected PEM, got a block without an end: is it still written?",
        failure(half, ec.key()));
    Path second = file("second.pem", whole + whole.substring(0, whole.length() / 2));
    assertTrue(failure(second, ec.key()).contains("a block without an end"));
    Path empty = file("empty.pem", "");
    assertEquals(
        "TLS certificate " + empty + ": expected certificates in PEM, got none",
        failure(empty, ec.key()));
    assertEquals(
        "TLS key " + empty + ": expected a private key in PEM without a password, got none",
        failure(ec.certificate(), empty));
  }

  @Test
  void whatElseIsWrongIsNamed() throws Exception {
    Path garbled = file("garbled.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----");
    assertEquals(
        "TLS certificate " + garbled + ": expected PEM, got a block that is no Base64: CERTIFICATE",
        failure(garbled, ec.key()));
    Path noCertificate = file("no.pem", new Pem("CERTIFICATE", new byte[] {1, 2, 3}).toString());
    assertTrue(
        failure(noCertificate, ec.key())
            .startsWith("TLS certificate " + noCertificate + ": expected certificates, got"));
    Path encrypted =
        file("locked.key", new Pem("ENCRYPTED PRIVATE KEY", new byte[] {1, 2, 3}).toString());
    assertEquals(
        "TLS key "
            + encrypted
            + ": expected a private key in PEM without a password, got ENCRYPTED PRIVATE KEY",
        failure(ec.certificate(), encrypted));
    assertEquals(
        "TLS key "
            + ec.certificate()
            + ": expected a private key in PEM without a password, got CERTIFICATE",
        failure(ec.certificate(), ec.certificate()));
  }

  @Test
  void aCertificateThatIsNotValidIsAWarning() {
    ServerCertificate certificate = ServerCertificate.read(ec.options());
    assertEquals(Optional.empty(), certificate.warning(Instant.now()));
    String expired = certificate.warning(Instant.now().plus(Duration.ofDays(91))).orElseThrow();
    assertTrue(expired.startsWith("TLS certificate " + ec.certificate() + " (ec.example) has"));
    assertTrue(expired.endsWith(": clients refuse it"), expired);
    String early = certificate.warning(Instant.now().minus(Duration.ofDays(2))).orElseThrow();
    assertTrue(early.contains(") is not valid before 20"), early);
  }

  @Test
  void onlyTwoVersionsAndNoWeakSuitesAreSpoken() {
    HttpServerOptions server = ec.options().applyTo(new HttpServerOptions(), Duration.ofSeconds(3));
    assertTrue(server.isSsl());
    assertEquals(false, server.isUseAlpn());
    assertEquals(Set.of("TLSv1.2", "TLSv1.3"), server.getEnabledSecureTransportProtocols());
    assertEquals(9, server.getEnabledCipherSuites().size());
    for (String suite : server.getEnabledCipherSuites()) {
      assertTrue(suite.matches("TLS_(ECDHE_\\w+_WITH_)?(AES_\\d+_GCM|CHACHA20_POLY1305)_SHA\\d+"));
    }
    assertEquals(3_000, server.getSslHandshakeTimeout());
    assertEquals(List.of(), server.getCrlPaths());
  }
}
