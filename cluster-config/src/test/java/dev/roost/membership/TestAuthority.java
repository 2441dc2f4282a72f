package dev.roost.membership;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Signs certificates for tests, with the JDK's keytool. */
final class TestAuthority {

  private static final String PASSWORD = "password";

  private final Path folder;
  private final Path store;
  private final Path certificate;

  TestAuthority(Path folder, String name) throws Exception {
    this.folder = Files.createDirectories(folder.resolve(name));
    this.store = this.folder.resolve("authority.p12");
    this.certificate = this.folder.resolve("authority.pem");
    pair(store, "CN=" + name, "-ext", "bc:critical=ca:true", "-ext", "ku:critical=keyCertSign");
    keytool(store, "-exportcert", "-rfc", "-file", certificate.toString());
  }

  /** The authority's own certificate. */
  Path certificate() {
    return certificate;
  }

  /** A key and its certificate for these alternative names: {@code ip:127.0.0.1,dns:node-1}. */
  BusTls issue(String name, String alternatives) throws Exception {
    Path own = folder.resolve(name + ".p12");
    Path request = folder.resolve(name + ".csr");
    Path signed = folder.resolve(name + ".pem");
    Path key = folder.resolve(name + ".key");
    pair(own, "CN=" + name);
    keytool(own, "-certreq", "-file", request.toString());
    keytool(
        store,
        "-gencert",
        "-rfc",
        "-ext",
        "san=" + alternatives,
        "-ext",
        "eku=serverAuth,clientAuth",
        "-infile",
        request.toString(),
        "-outfile",
        signed.toString());
    Files.writeString(key, pem("PRIVATE KEY", key(own).getEncoded()));
    return new BusTls(signed, key, certificate);
  }

  private static void pair(Path store, String subject, String... more) throws Exception {
    var arguments = new ArrayList<>(List.of("-genkeypair", "-keyalg", "EC", "-dname", subject));
    arguments.addAll(List.of(more));
    keytool(store, arguments.toArray(String[]::new));
  }

  private static Key key(Path store) throws IOException, GeneralSecurityException {
    KeyStore opened = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      opened.load(in, PASSWORD.toCharArray());
    }
    return opened.getKey("own", PASSWORD.toCharArray());
  }

  static String pem(String what, byte[] der) {
    String text =
        Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII)).encodeToString(der);
    return "-----BEGIN " + what + "-----\n" + text + "\n-----END " + what + "-----\n";
  }

  private static void keytool(Path store, String... arguments) throws Exception {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-alias", "own", "-keystore", store.toString(), "-storepass", PASSWORD));
    command.addAll(List.of("-storetype", "PKCS12"));
    Process keytool = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    keytool.waitFor(30, TimeUnit.SECONDS);
    assertEquals(0, keytool.exitValue(), said);
  }
}
