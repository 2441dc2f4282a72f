package dev.roost.launcher;

import dev.roost.cluster.Applications;
import dev.roost.launcher.settings.Settings;
import dev.roost.routing.OriginPolicy;
import java.util.List;
import java.util.Optional;

/** What whoever starts a gateway should know of its origin check. */
final class OriginWarning {

  private OriginWarning() {}

  /**
   * That pages are let in whose authors point names of their own here (DNS rebinding); empty where
   * that cannot be, or where no mount compares hosts.
   *
   * @param mounts those that are known, which a gateway of a cluster may not know yet
   */
  static Optional<String> of(Settings settings, List<Applications.Mount> mounts) {
    if (!settings.role().hasGateways()
        || settings.gateway().publicHost() != null
        || Settings.isLoopback(settings.gateway().host())) {
      return Optional.empty();
    }
    boolean compares =
        mounts.isEmpty()
            ? settings.cluster() != null
            : mounts.stream()
                .anyMatch(mount -> mount.options().checkOrigin() instanceof OriginPolicy.SameHost);
    return compares
        ? Optional.of(
            "the origin check goes by the host that each request names, whatever that is: set"
                + " --public-host to the one that browsers know this server by")
        : Optional.empty();
  }
}
