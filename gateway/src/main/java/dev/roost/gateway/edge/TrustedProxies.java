package dev.roost.gateway.edge;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that are believed: addresses and ranges of them. Nobody else's headers count, since
 * any client can send them.
 */
public record TrustedProxies(List<Range> ranges) {

  /**
   * All addresses that begin with the same bits.
   *
   * @param network its first address
   * @param prefix how many bits, up to 32 or 128
   */
  public record Range(InetAddress network, int prefix) {

    /** {@code 10.0.0.0/8}, {@code fd00::/8}, or one address. */
    static Range parse(String text) {
      int slash = text.indexOf('/');
      InetAddress address = address(slash < 0 ? text : text.substring(0, slash));
      if (address != null) {
        int bits = address.getAddress().length * Byte.SIZE;
        int prefix = slash < 0 ? bits : number(text.substring(slash + 1));
        if (prefix >= 0 && prefix <= bits) {
          return new Range(masked(address, prefix), prefix);
        }
      }
      throw new IllegalArgumentException(
          "a trusted proxy is an address or a range such as 10.0.0.0/8 or fd00::/8, got \""
              + text
              + "\"");
    }

    private static int number(String text) {
      return text.matches("\\d{1,3}") ? Integer.parseInt(text) : -1;
    }

    boolean contains(InetAddress address) {
      return address.getAddress().length == network.getAddress().length
          && masked(address, prefix).equals(network);
    }

    private static InetAddress masked(InetAddress address, int prefix) {
      byte[] octets = address.getAddress();
      for (int i = 0; i < octets.length; i++) {
        int kept = Math.clamp(prefix - (long) i * Byte.SIZE, 0, Byte.SIZE);
        octets[i] &= (byte) (0xff00 >> kept);
      }
      return of(octets);
    }
  }

  private static final TrustedProxies NONE = new TrustedProxies(List.of());

  public TrustedProxies {
    ranges = List.copyOf(ranges);
  }

  /** Nobody. */
  public static TrustedProxies none() {
    return NONE;
  }

  /**
   * These addresses and ranges, IPv4 or IPv6: {@code "10.0.0.7"}, {@code "192.168.0.0/16"}, {@code
   * "fd00::/8"}.
   *
   * @throws IllegalArgumentException for anything else, names included
   */
  public static TrustedProxies of(String... addresses) {
    return new TrustedProxies(List.of(addresses).stream().map(Range::parse).toList());
  }

  public boolean isEmpty() {
    return ranges.isEmpty();
  }

  /** Whether this is one of them. */
  public boolean contains(@Nullable InetAddress address) {
    return address != null && ranges.stream().anyMatch(range -> range.contains(address));
  }

  /**
   * An address as it is written, null if it is none; no name is looked up. One of IPv4 that is
   * written as one of IPv6 is one of IPv4.
   */
  public static @Nullable InetAddress address(@Nullable String text) {
    byte[] octets = text == null ? null : NetUtil.createByteArrayFromIpAddressString(text);
    return octets == null ? null : of(octets);
  }

  private static InetAddress of(byte[] octets) {
    try {
      return InetAddress.getByAddress(octets);
    } catch (UnknownHostException impossible) {
      throw new IllegalStateException("4 or 16 octets are an address", impossible);
    }
  }
}
