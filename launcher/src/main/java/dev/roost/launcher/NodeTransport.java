package dev.roost.launcher;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.spi.transport.Transport;
import java.util.concurrent.ThreadFactory;

/**
 * A transport on which connections that this process opens, those of the bus before all, are
 * flushed once in a turn of their event loop, and what comes to the port of the bus is looked at
 * before Vert.x reads it.
 */
final class NodeTransport implements io.vertx.core.transport.Transport {

  /*
   * Vert.x flushes each message of the bus that is sent on the connection's own event loop, so twenty
   * answers of one turn were twenty system calls here and as many wake-ups there. What its other
   * connections send is flushed by Roost itself, or answers one request.
   */
  private final io.vertx.core.transport.Transport transport;
  private final BusGuard guard;

  NodeTransport(io.vertx.core.transport.Transport transport, BusGuard guard) {
    this.transport = transport;
    this.guard = guard;
  }

  @Override
  public String name() {
    return transport.name();
  }

  @Override
  public boolean available() {
    return transport.available();
  }

  @Override
  public Throwable unavailabilityCause() {
    return transport.unavailabilityCause();
  }

  @Override
  public Transport implementation() {
    return new Wired(transport.implementation(), guard);
  }

  /** The other transport, but for the pipelines of {@link #channelFactory} and of servers. */
  record Wired(Transport other, BusGuard guard) implements Transport {

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
      ChannelFactory<? extends Channel> factory = other.channelFactory(domainSocket);
      return () -> {
        Channel channel = factory.newChannel();
        channel.pipeline().addFirst("turn-flush", new TurnFlush());
        return channel;
      };
    }

    @Override
    public boolean supportsDomainSockets() {
      return other.supportsDomainSockets();
    }

    @Override
    public boolean supportFileRegion() {
      return other.supportFileRegion();
    }

    @Override
    public boolean isAvailable() {
      return other.isAvailable();
    }

    @Override
    public Throwable unavailabilityCause() {
      return other.unavailabilityCause();
    }

    @Override
    public java.net.SocketAddress convert(SocketAddress address) {
      return other.convert(address);
    }

    @Override
    public SocketAddress convert(java.net.SocketAddress address) {
      return other.convert(address);
    }

    @Override
    public IoHandlerFactory ioHandlerFactory() {
      return other.ioHandlerFactory();
    }

    @Override
    public EventLoopGroup eventLoopGroup(int type, int threads, ThreadFactory made, int ioRatio) {
      return other.eventLoopGroup(type, threads, made, ioRatio);
    }

    @Override
    @SuppressWarnings("deprecation") // Vert.x asks for it.
    public DatagramChannel datagramChannel(InternetProtocolFamily family) {
      return other.datagramChannel(family);
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
      return other.datagramChannelFactory();
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
      ChannelFactory<? extends ServerChannel> factory = other.serverChannelFactory(domainSocket);
      return () -> {
        ServerChannel channel = factory.newChannel();
        channel.pipeline().addFirst("bus-guard", guard);
        return channel;
      };
    }

    @Override
    public void configure(DatagramChannel channel, DatagramSocketOptions options) {
      other.configure(channel, options);
    }

    @Override
    public void configure(TcpConfig config, boolean domainSocket, Bootstrap bootstrap) {
      other.configure(config, domainSocket, bootstrap);
    }

    @Override
    public void configure(TcpConfig config, boolean domainSocket, ServerBootstrap bootstrap) {
      other.configure(config, domainSocket, bootstrap);
    }
  }
}
