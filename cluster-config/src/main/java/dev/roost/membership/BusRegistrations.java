package dev.roost.membership;

import com.hazelcast.core.HazelcastInstanceNotActiveException;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.core.LifecycleEvent.LifecycleState;
import com.hazelcast.multimap.MultiMap;
import io.vertx.core.Completable;
import io.vertx.core.Promise;
import io.vertx.core.spi.cluster.RegistrationInfo;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import io.vertx.spi.cluster.hazelcast.impl.HazelcastRegistrationInfo;
import java.util.Collections;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What Vert.x buses know of each other: where a node's is, and which addresses it has. Vert.x keeps
 * it in Hazelcast.
 */
final class BusRegistrations extends HazelcastClusterManager {

  /*
   * When a member goes, every other removes what is registered of it, and Hazelcast repeats what it
   * could not do until it can. A part of a cluster that is joining the rest may so come to remove, from
   * what all share, those that it had taken for dead before: nobody reaches their buses any more. So
   * each node looks whether it is registered still, and registers again. It looks for each registration
   * of its own: others may have the same address, and so may several verticles of this node.
   */

  private static final Logger log = LoggerFactory.getLogger(BusRegistrations.class);

  /** Registrations that are looked at in a second, in turn: an application may have very many. */
  private static final int LOOKS = 8;

  /** Seconds without a look, in which all is registered: Vert.x does not wait for that. */
  private static final int PAUSE = 2;

  private final ClusterMember member;
  private final Set<Registration> own = ConcurrentHashMap.newKeySet();
  private int pause;
  private Iterator<Registration> toLookAt = Collections.emptyIterator();

  /** One consumer of this node on an address. */
  private record Registration(String address, RegistrationInfo info) {}

  BusRegistrations(ClusterMember member) {
    super(member.hazelcast());
    this.member = member;
  }

  /** From now on this node stays registered. */
  void keep() {
    member.eachSecond(this::registerIfLost);
  }

  private void registerIfLost() {
    try {
      if (pause > 0) {
        pause--;
      } else if (!isRegistered() && isActive()) {
        // Vert.x makes sure of all of it then.
        stateChanged(new LifecycleEvent(LifecycleState.MERGED));
        log.warn("{} was not registered on the bus any more; it registers again", member.name());
        pause = PAUSE;
      }
    } catch (HazelcastInstanceNotActiveException leaving) {
      log.debug("not looked at: {} leaves", member.name());
    } catch (RuntimeException failed) {
      log.debug("whether {} is registered on the bus is not known", member.name(), failed);
    }
  }

  private boolean isRegistered() {
    var hazelcast = member.hazelcast();
    MultiMap<String, HazelcastRegistrationInfo> registered =
        hazelcast.getMultiMap(HazelcastConfiguration.BUS_ADDRESSES);
    for (int i = Math.min(LOOKS, own.size()); i > 0; i--) {
      if (!toLookAt.hasNext()) {
        toLookAt = own.iterator();
      }
      // One that has just been given up is not missed.
      if (toLookAt.hasNext()) {
        Registration one = toLookAt.next();
        var value = new HazelcastRegistrationInfo(one.info());
        if (!registered.containsEntry(one.address(), value) && own.contains(one)) {
          return false;
        }
      }
    }
    return hazelcast.getMap(HazelcastConfiguration.BUS_NODES).containsKey(getNodeId());
  }

  @Override
  public void addRegistration(String address, RegistrationInfo info, Completable<Void> added) {
    if (info.localOnly()) {
      super.addRegistration(address, info, added);
      return;
    }
    super.addRegistration(
        address,
        info,
        (nothing, failure) -> {
          if (failure == null) {
            own.add(new Registration(address, info));
          }
          added.complete(null, failure);
        });
  }

  @Override
  public void removeRegistration(String address, RegistrationInfo info, Completable<Void> removed) {
    var given = new Registration(address, info);
    own.remove(given);
    super.removeRegistration(
        address,
        info,
        (nothing, failure) -> {
          // Its registration may have been on its way until now.
          own.remove(given);
          removed.complete(null, failure);
        });
  }

  /** Leaves Hazelcast too: Vert.x would leave one running that it did not start. */
  @Override
  public void leave(Completable<Void> done) {
    Promise<Void> left = Promise.promise();
    super.leave(left);
    left.future()
        .onComplete(
            ignored ->
                Thread.ofPlatform()
                    .name("roost-leave")
                    .start(
                        () -> {
                          member.leave();
                          done.succeed();
                        }));
  }
}
