package dev.roost.gateway.tls;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.core.net.ServerSSLOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Certificate, key and authority of clients, read from their files and found to fit together. */
final class ServerCertificate {

  private static final Set<String> VERSIONS = Set.of("TLSv1.3", "TLSv1.2");

  /** Those with forward secrecy and authenticated encryption, and no others. */
  private static final List<String> SUITES =
      List.of(
          "TLS_AES_128_GCM_SHA256",
          "TLS_AES_256_GCM_SHA384",
          "TLS_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
          "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
          "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

  private static final String CERTIFICATE = "TLS certificate";
  private static final String KEY = "TLS key";
  private static final String CLIENT_CA = "authority of TLS clients";
  private static final int DNS_NAME = 2;
  private static final int IP_ADDRESS = 7;

  /** What the files hold. */
  record Contents(Buffer certificate, Buffer key, @Nullable Buffer clientCa) {

    /**
     * Reads the files; blocks.
     *
     * @throws TlsFailure if one cannot be read
     */
    static Contents of(TlsOptions options) {
      Path clientCa = options.clientCa();
      return new Contents(
          bytes(CERTIFICATE, options.certificate()),
          bytes(KEY, options.key()),
          clientCa == null ? null : bytes(CLIENT_CA, clientCa));
    }

    private static Buffer bytes(String what, Path file) {
      try {
        return Buffer.buffer(Files.readAllBytes(file));
      } catch (NoSuchFileException absent) {
        throw new TlsFailure(what + " " + file + ": expected a PEM file, got none", absent);
      } catch (AccessDeniedException denied) {
        throw new TlsFailure(
            what + " " + file + ": expected a file that this user may read", denied);
      } catch (IOException unreadable) {
        throw new TlsFailure(what + " " + file + " cannot be read: " + unreadable, unreadable);
      }
    }
  }

  private final Contents contents;
  private final Path file;
  private final X509Certificate own;

  private ServerCertificate(Contents contents, Path file, X509Certificate own) {
    this.contents = contents;
    this.file = file;
    this.own = own;
  }

  /**
   * Reads the files and checks them; blocks.
   *
   * @throws TlsFailure if one cannot be read, or the key is not the certificate's
   */
  static ServerCertificate read(TlsOptions options) {
    return of(options, Contents.of(options));
  }

  /** The same of files that were read already. */
  static ServerCertificate of(TlsOptions options, Contents contents) {
    X509Certificate own = certificates(CERTIFICATE, options.certificate(), contents.certificate());
    PrivateKey key = key(options.key(), contents.key(), own.getPublicKey());
    if (!fits(key, own.getPublicKey())) {
      throw new TlsFailure(
          KEY
              + (" " + options.key() + ": expected that of the first certificate in ")
              + (options.certificate() + " (" + names(own) + "), got that of another"));
    }
    if (options.clientCa() != null && contents.clientCa() != null) {
      var unused = certificates(CLIENT_CA, options.clientCa(), contents.clientCa());
    }
    return new ServerCertificate(contents, options.certificate(), own);
  }

  /** The first of the certificates, all of which have to be some. */
  private static X509Certificate certificates(String what, Path file, Buffer pem) {
    var found = new ArrayList<X509Certificate>();
    for (Pem block : Pem.read(what, file, text(pem))) {
      if (block.kind().equals("CERTIFICATE")) {
        found.add(certificate(what, file, block));
      }
    }
    if (found.isEmpty()) {
      throw new TlsFailure(what + " " + file + ": expected certificates in PEM, got none");
    }
    return found.getFirst();
  }

  private static X509Certificate certificate(String what, Path file, Pem block) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(block.der()));
    } catch (CertificateException malformed) {
      throw new TlsFailure(
          what + " " + file + ": expected certificates, got something else: " + malformed,
          malformed);
    }
  }

  private static PrivateKey key(Path file, Buffer pem, PublicKey other) {
    List<Pem> blocks = Pem.read(KEY, file, text(pem));
    for (Pem block : blocks) {
      switch (block.kind()) {
        case "PRIVATE KEY" -> {
          return key(file, block.der(), other);
        }
        case "RSA PRIVATE KEY", "EC PRIVATE KEY" -> {
          return key(file, pkcs8(block.der(), other), other);
        }
        default -> {} // Such as EC PARAMETERS, or the certificate.
      }
    }
    throw new TlsFailure(
        KEY
            + (" " + file + ": expected a private key in PEM without a password, got ")
            + (blocks.isEmpty() ? "none" : blocks.getFirst().kind()));
  }

  private static PrivateKey key(Path file, byte[] pkcs8, PublicKey other) {
    String algorithm = other.getAlgorithm();
    if (!algorithm.equals("RSA") && !algorithm.equals("EC")) {
      throw new TlsFailure(
          KEY + " " + file + ": expected an RSA or EC key and certificate, got " + algorithm);
    }
    try {
      return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    } catch (GeneralSecurityException another) {
      throw new TlsFailure(
          KEY
              + (" " + file + ": expected the key of the certificate, which is " + algorithm)
              + ", got another or a broken one",
          another);
    }
  }

  /*
   * PKCS #8 is the older form with the algorithm in front, which the certificate has too, in front of
   * its public key: SEQUENCE { algorithm SEQUENCE, BIT STRING }.
   */
  private static byte[] pkcs8(byte[] older, PublicKey other) {
    byte[] info = other.getEncoded();
    int start = contentOf(info, 0);
    int end = contentOf(info, start) + lengthAt(info, start);
    var body = new ByteArrayOutputStream();
    body.writeBytes(new byte[] {0x02, 0x01, 0x00});
    body.write(info, start, end - start);
    body.writeBytes(der(0x04, older));
    return der(0x30, body.toByteArray());
  }

  private static byte[] der(int tag, byte[] content) {
    var encoded = new ByteArrayOutputStream();
    encoded.write(tag);
    if (content.length >= 256) {
      encoded.write(0x82);
      encoded.write(content.length >> 8);
    } else if (content.length >= 128) {
      encoded.write(0x81);
    }
    encoded.write(content.length);
    encoded.writeBytes(content);
    return encoded.toByteArray();
  }

  private static int contentOf(byte[] der, int at) {
    int first = der[at + 1] & 0xff;
    return at + 2 + (first < 128 ? 0 : first & 0x7f);
  }

  private static int lengthAt(byte[] der, int at) {
    int first = der[at + 1] & 0xff;
    if (first < 128) {
      return first;
    }
    int length = 0;
    for (int i = 0; i < (first & 0x7f); i++) {
      length = (length << 8) | (der[at + 2 + i] & 0xff);
    }
    return length;
  }

  private static boolean fits(PrivateKey key, PublicKey other) {
    String algorithm = "SHA256with" + (other.getAlgorithm().equals("EC") ? "ECDSA" : "RSA");
    byte[] anything = {1, 2, 3};
    try {
      Signature signer = Signature.getInstance(algorithm);
      signer.initSign(key);
      signer.update(anything);
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(other);
      verifier.update(anything);
      return verifier.verify(signer.sign());
    } catch (GeneralSecurityException anotherCurve) {
      return false;
    }
  }

  private static String text(Buffer pem) {
    return pem.toString(StandardCharsets.ISO_8859_1);
  }

  /** What it was read from. */
  Contents contents() {
    return contents;
  }

  /** Makes an HTTP server use it. */
  void applyTo(HttpServerOptions server) {
    server
        .setSsl(true)
        .setKeyCertOptions(
            new PemKeyCertOptions()
                .addCertValue(contents.certificate())
                .addKeyValue(contents.key()))
        .setEnabledSecureTransportProtocols(VERSIONS);
    SUITES.forEach(server::addEnabledCipherSuite);
    if (contents.clientCa() != null) {
      server
          .setClientAuth(ClientAuth.REQUEST)
          .setTrustOptions(new PemTrustOptions().addCertValue(contents.clientCa()));
    }
  }

  /** The same for one that listens already. */
  ServerSSLOptions sslOptions() {
    var server = new HttpServerOptions();
    applyTo(server);
    return server.getSslOptions();
  }

  /** What a client will not like about it. */
  Optional<String> warning(Instant now) {
    String subject = CERTIFICATE + " " + file + " (" + names(own) + ") ";
    if (now.isAfter(own.getNotAfter().toInstant())) {
      return Optional.of(
          subject + "has expired on " + own.getNotAfter().toInstant() + ": clients refuse it");
    }
    if (now.isBefore(own.getNotBefore().toInstant())) {
      return Optional.of(
          subject
              + ("is not valid before " + own.getNotBefore().toInstant())
              + ": clients refuse it, or a clock is wrong");
    }
    return Optional.empty();
  }

  /** {@code chat.example, valid until 2027-02-22T12:00:00Z}. */
  @Override
  public String toString() {
    return names(own) + ", valid until " + own.getNotAfter().toInstant();
  }

  private static String names(X509Certificate certificate) {
    try {
      Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
      if (alternatives != null) {
        List<String> hosts =
            alternatives.stream()
                .filter(name -> name.get(0).equals(DNS_NAME) || name.get(0).equals(IP_ADDRESS))
                .map(name -> String.valueOf(name.get(1)))
                .toList();
        if (!hosts.isEmpty()) {
          return String.join(", ", hosts);
        }
      }
    } catch (CertificateParsingException malformed) {
      // The subject has to do.
    }
    return certificate.getSubjectX500Principal().getName();
  }
}
