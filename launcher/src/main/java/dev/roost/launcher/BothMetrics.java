package dev.roost.launcher;

import dev.roost.gateway.GatewayMetrics;
import dev.roost.gateway.Limit;

/** Counts with two at once. */
record BothMetrics(GatewayMetrics one, GatewayMetrics other) implements GatewayMetrics {

  @Override
  public void socketOpened() {
    one.socketOpened();
    other.socketOpened();
  }

  @Override
  public void socketClosed() {
    one.socketClosed();
    other.socketClosed();
  }

  @Override
  public void connectionRefused(int status) {
    one.connectionRefused(status);
    other.connectionRefused(status);
  }

  @Override
  public void slowSocketClosed() {
    one.slowSocketClosed();
    other.slowSocketClosed();
  }

  @Override
  public void socketExpired() {
    one.socketExpired();
    other.socketExpired();
  }

  @Override
  public void messageDropped() {
    one.messageDropped();
    other.messageDropped();
  }

  @Override
  public void socketThrottled() {
    one.socketThrottled();
    other.socketThrottled();
  }

  @Override
  public void joinRefused() {
    one.joinRefused();
    other.joinRefused();
  }

  @Override
  public void handshakeFailed() {
    one.handshakeFailed();
    other.handshakeFailed();
  }

  @Override
  public void limitReached(Limit limit) {
    one.limitReached(limit);
    other.limitReached(limit);
  }

  @Override
  public void closedByServer(int code) {
    one.closedByServer(code);
    other.closedByServer(code);
  }
}
