package dev.roost.membership;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * Which address of a name is this machine's. A name may be one that all nodes share: a container on
 * two networks finds its address on the right one by it, and while it is alone there the name has
 * no other.
 */
final class OwnAddress {

  private OwnAddress() {}

  /**
   * Options whose host peers can dial: this machine's address among those of the name. With TLS a
   * name that nobody else has stays, since certificates may be for names.
   *
   * @throws JoinFailure if the name has several addresses, and none is of this machine
   */
  static ClusterOptions chosen(ClusterOptions options) {
    try {
      List<InetAddress> all = Arrays.asList(InetAddress.getAllByName(options.host()));
      return chosen(options, all, OwnAddress::isOwn);
    } catch (UnknownHostException unknown) {
      return options; // Whoever binds says what is wrong.
    }
  }

  static ClusterOptions chosen(
      ClusterOptions options, List<InetAddress> resolved, Predicate<InetAddress> isOwn) {
    List<InetAddress> own = resolved.stream().filter(isOwn).toList();
    if (own.isEmpty()) {
      if (resolved.size() == 1) {
        return options; // Whoever binds says what is wrong.
      }
      throw new JoinFailure(
          "cluster host "
              + (options.host() + " resolves to " + resolved.size() + " addresses, and none of ")
              + "them is one of this machine: choose a name or an address that is");
    }
    boolean shared =
        own.size() < resolved.size()
            || options.host().equalsIgnoreCase(options.dns())
            || options.host().equalsIgnoreCase(options.kubernetesService());
    if (options.tls() != null && !shared) {
      return options;
    }
    // A name of this machine may be a loopback address too, which no other machine can dial.
    InetAddress chosen =
        own.stream().filter(each -> !each.isLoopbackAddress()).findFirst().orElse(own.getFirst());
    return options.withHost(chosen.getHostAddress());
  }

  private static boolean isOwn(InetAddress address) {
    try {
      return NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException unknown) {
      return false;
    }
  }
}
