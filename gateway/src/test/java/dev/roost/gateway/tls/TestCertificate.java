package dev.roost.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A certificate that signs itself, and its key, in PEM files; by the JDK's keytool.
 *
 * @param key PKCS #8
 */
record TestCertificate(Path certificate, Path key) {

  private static final String PASSWORD = "password";

  /**
   * Makes one.
   *
   * @param more arguments of keytool, such as {@code -keyalg EC}
   */
  static TestCertificate make(Path folder, String name, String... more) throws Exception {
    Path store = folder.resolve(name + ".p12");
    Path certificate = folder.resolve(name + ".pem");
    var arguments = new ArrayList<>(List.of("-genkeypair", "-dname", "CN=" + name));
    arguments.addAll(List.of("-ext", "san=dns:" + name));
    arguments.addAll(Arrays.asList(more));
    keytool(store, arguments);
    keytool(store, List.of("-exportcert", "-rfc", "-file", certificate.toString()));
    KeyStore opened = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      opened.load(in, PASSWORD.toCharArray());
    }
    Key own = opened.getKey("own", PASSWORD.toCharArray());
    Path key = folder.resolve(name + ".key");
    Files.writeString(key, new Pem("PRIVATE KEY", own.getEncoded()).toString());
    return new TestCertificate(certificate, key);
  }

  byte[] pkcs8() throws IOException {
    return Pem.read("key", key, Files.readString(key)).getFirst().der();
  }

  TlsOptions options() {
    return TlsOptions.of(certificate, key);
  }

  private static void keytool(Path store, List<String> arguments) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(arguments);
    command.addAll(List.of("-alias", "own", "-keystore", store.toString(), "-storepass", PASSWORD));
    command.addAll(List.of("-storetype", "PKCS12"));
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    keytool.waitFor(60, TimeUnit.SECONDS);
    assertEquals(0, keytool.exitValue(), said);
  }
}
