package dev.roost.membership;

import dev.roost.routing.RateLimit;
import io.vertx.core.Handler;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says what it means when something comes to the bus port that is no message of a bus. Vert.x fails
 * on it like on any mistake of a handler, and drops it. Safe for any thread.
 */
final class BusGarbage implements Handler<Throwable> {

  private static final Logger log = LoggerFactory.getLogger(BusGarbage.class);

  /** As Vert.x would report it without a handler. */
  private static final Logger others = LoggerFactory.getLogger("io.vertx.core.impl.ContextImpl");

  /** Where Vert.x reads what peers send; what a message leads to is run and reported elsewhere. */
  private static final String READER = "io.vertx.core.eventbus.impl.clustered.InboundConnection";

  private final String address;
  private final AtomicLong full = new AtomicLong(System.nanoTime());

  /**
   * @param address of the bus, as others see it
   */
  BusGarbage(String address) {
    this.address = address;
  }

  @Override
  public void handle(Throwable failure) {
    if (!isOfTheBus(failure)) {
      others.error("Unhandled exception", failure);
    } else if (RateLimit.tryTake(full, 1, System.nanoTime())) {
      log.warn(
          "dropped what came to the bus port {} and is no message of an event bus ({}): something"
              + " other than a node connects there; keep it on a network of the nodes' own, or set"
              + " bus-tls-certificate, bus-tls-key and bus-tls-ca on all of them",
          address,
          failure.toString());
    }
  }

  private static boolean isOfTheBus(Throwable failure) {
    for (StackTraceElement frame : failure.getStackTrace()) {
      if (frame.getClassName().equals(READER)) {
        return true;
      }
    }
    return false;
  }
}
