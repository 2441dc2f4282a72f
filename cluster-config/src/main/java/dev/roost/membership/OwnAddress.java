package dev.roost.membership;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/**
 * Which address of a name that several machines share is this machine's: a container on two
 * networks finds its address on the right one by the name that all nodes have there.
 */
final class OwnAddress {

  private OwnAddress() {}

  /**
   * Options whose host peers can dial: as they are, but for a name that resolves to addresses of
   * other machines too. Then it is this machine's among them.
   *
   * @throws JoinFailure if none of several is
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
    if (resolved.size() == 1 || own.size() == resolved.size()) {
      return options;
    }
    if (own.isEmpty()) {
      throw new JoinFailure(
          "cluster host "
              + (options.host() + " resolves to " + resolved.size() + " addresses, and none of ")
              + "them is one of this machine: choose a name or an address that is");
    }
    return options.withHost(own.getFirst().getHostAddress());
  }

  private static boolean isOwn(InetAddress address) {
    try {
      return NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException unknown) {
      return false;
    }
  }
}
