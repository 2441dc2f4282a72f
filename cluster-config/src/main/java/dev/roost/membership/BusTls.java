package dev.roost.membership;

import java.nio.file.Path;
import java.util.Objects;

/**
 * Mutual TLS between the event buses of a cluster: each side shows a certificate, and each checks
 * that the other's was signed by the authority and is for the peer it deals with. PEM files.
 *
 * @param certificate this node's certificate, followed by those between it and the authority; for
 *     client and server use, with the node's {@link ClusterOptions#host} among its alternative
 *     names (a DNS name for a name, an IP address for an address)
 * @param key its private key, PKCS #8 without a password
 * @param authority the certificates of whoever signs those of this cluster, and of nothing else
 */
public record BusTls(Path certificate, Path key, Path authority) {

  public BusTls {
    Objects.requireNonNull(certificate, "certificate");
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(authority, "authority");
  }
}
