package dev.roost.gateway.tls;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One block of a PEM file (RFC 7468): {@code -----BEGIN kind-----}, and what is inside. */
final class Pem {

  private static final Pattern BLOCK =
      Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----", Pattern.DOTALL);
  private static final Pattern BEGIN = Pattern.compile("-----BEGIN ");
  private static final int LINE = 64;

  private final String kind;
  private final byte[] der;

  Pem(String kind, byte[] der) {
    this.kind = kind;
    this.der = der.clone();
  }

  /**
   * The blocks of a file; text around them is left out.
   *
   * @param what the file, for messages
   * @throws TlsFailure if a block is cut off or garbled
   */
  static List<Pem> read(String what, Path file, String text) {
    var blocks = new ArrayList<Pem>();
    Matcher block = BLOCK.matcher(text);
    while (block.find()) {
      try {
        byte[] der = Base64.getDecoder().decode(block.group(2).replaceAll("\\s", ""));
        blocks.add(new Pem(block.group(1), der));
      } catch (IllegalArgumentException garbled) {
        throw new TlsFailure(
            what + " " + file + ": expected PEM, got a block that is no Base64: " + block.group(1));
      }
    }
    if (BEGIN.matcher(text).results().count() != blocks.size()) {
      throw new TlsFailure(
          what + " " + file + ": expected PEM, got a block without an end: is it still written?");
    }
    return blocks;
  }

  @Override
  public String toString() {
    String encoded = Base64.getMimeEncoder(LINE, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + kind + "-----\n" + encoded + "\n-----END " + kind + "-----\n";
  }

  /** What it says it is. */
  String kind() {
    return kind;
  }

  /** What is inside, in DER. */
  byte[] der() {
    return der.clone();
  }
}
