package dev.roost.launcher;

import dev.roost.application.Telemetry;
import dev.roost.gateway.GatewayMetrics;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Listens to everything that a node can tell, as a jar on the class path would. */
public final class Tally implements Telemetry, GatewayMetrics {

  /** What was told, in order. */
  static final BlockingQueue<String> TOLD = new LinkedBlockingQueue<>();

  public Tally() {
    TOLD.add("made");
  }

  @Override
  public void record(Event event) {
    TOLD.add(
        switch (event) {
          case Event.SocketConnected connected -> "connected to " + connected.path();
          case Event.ChannelJoined joined -> "joined " + joined.topic();
          case Event.ChannelHandledIn handled -> "handled " + handled.event();
          case Event.PresenceTracked tracked -> "tracked " + tracked.key();
          case Event.PresenceLeft left -> left.key() + " left: " + left.cause();
          case Event.PresenceDiffSent sent -> "told of " + sent.joins() + " joins";
          case Event.BoundReached reached -> "reached " + reached.bound();
        });
  }

  @Override
  public void socketOpened() {
    TOLD.add("opened");
  }
}
