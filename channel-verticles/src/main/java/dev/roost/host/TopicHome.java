package dev.roost.host;

import dev.roost.application.Route;
import dev.roost.bus.BusEndpoint;
import dev.roost.bus.GatewayMessage;
import dev.roost.bus.RawPayload;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What a host keeps of one live topic: how many members each gateway verticle has, and the sequence
 * of its broadcasts. Being the one writer of the topic it gives them their total order. Used on the
 * host's context only.
 */
final class TopicHome {

  /*
   * Gateways in two small arrays rather than a map: a topic has members on a handful of gateway
   * verticles at most, and a server may have very many topics.
   */
  private final String application;
  private final String topic;
  private final Route route;
  private final Set<ChannelProcess> interceptors;
  private String[] gateways = new String[1];
  private int[] members = new int[1];
  private int interested;
  private long epoch;
  private long sequence;

  TopicHome(String application, String topic, Route route, long epoch) {
    this.application = application;
    this.topic = topic;
    this.route = route;
    this.epoch = epoch;
    this.interceptors = route.intercepted().isEmpty() ? Set.of() : new LinkedHashSet<>();
  }

  long epoch() {
    return epoch;
  }

  /** A member of this tenure is here; those of an earlier one are about to go. */
  void reaches(long tenure) {
    epoch = Math.max(epoch, tenure);
  }

  boolean isEmpty() {
    return interested == 0;
  }

  /** Members on all gateways. */
  int size() {
    int size = 0;
    for (int i = 0; i < interested; i++) {
      size += members[i];
    }
    return size;
  }

  void add(ChannelProcess process) {
    int i = find(process.gateway());
    if (i < 0) {
      i = interested++;
      if (i == gateways.length) {
        gateways = Arrays.copyOf(gateways, i * 2);
        members = Arrays.copyOf(members, i * 2);
      }
      gateways[i] = process.gateway();
      members[i] = 0;
    }
    members[i]++;
    if (!route.intercepted().isEmpty()) {
      interceptors.add(process);
    }
  }

  void remove(ChannelProcess process) {
    int i = find(process.gateway());
    if (i >= 0 && --members[i] == 0) {
      int last = --interested;
      gateways[i] = gateways[last];
      members[i] = members[last];
    }
    if (!route.intercepted().isEmpty()) {
      interceptors.remove(process);
    }
  }

  /**
   * Sends to every member.
   *
   * @param from gateway of the member that is left out
   * @param except its channel number there, 0 when nobody is left out
   */
  void broadcast(BusEndpoint endpoint, String event, RawPayload payload, String from, long except) {
    if (route.intercepted().contains(event)) {
      for (ChannelProcess process : interceptors) {
        if (process.number() != except || !process.gateway().equals(from)) {
          process.out(event, payload);
        }
      }
      return;
    }
    sequence++;
    var forAll = message(event, payload, 0);
    for (int i = 0; i < interested; i++) {
      boolean partly = except != 0 && gateways[i].equals(from);
      endpoint.send(gateways[i], partly ? message(event, payload, except) : forAll);
    }
  }

  private GatewayMessage.Broadcast message(String event, RawPayload payload, long except) {
    return new GatewayMessage.Broadcast(
        application, topic, epoch, sequence, except, event, payload);
  }

  private int find(String gateway) {
    for (int i = 0; i < interested; i++) {
      if (gateways[i].equals(gateway)) {
        return i;
      }
    }
    return -1;
  }
}
