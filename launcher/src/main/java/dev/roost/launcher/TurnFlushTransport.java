package dev.roost.launcher;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.ServerChannel;
import io.netty.channel.SingleThreadEventLoop;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.datagram.DatagramSocketOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.net.TcpConfig;
import io.vertx.core.spi.transport.Transport;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;

/**
 * A transport on which connections that this process opens, those of the bus before all, are
 * flushed once in a turn of their event loop.
 */
final class TurnFlushTransport implements io.vertx.core.transport.Transport {

  /*
   * Vert.x flushes each message of the bus that is sent on the connection's own event loop, so twenty
   * answers of one turn were twenty system calls here and as many wake-ups there. What its other
   * connections send is flushed by Roost itself, or answers one request.
   */
  private final io.vertx.core.transport.Transport transport;

  TurnFlushTransport(io.vertx.core.transport.Transport transport) {
    this.transport = transport;
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
    return new Flushing(transport.implementation());
  }

  /** The other transport, but for {@link #channelFactory}. */
  private record Flushing(Transport other) implements Transport {

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
      return other.serverChannelFactory(domainSocket);
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

  /** Puts off each flush to the end of the turn; on the event loop of its connection. */
  static final class TurnFlush extends ChannelDuplexHandler {

    /** Of flushes put off: a turn may be long where much waits to be done. */
    private static final int MOST = 64;

    private boolean due;
    private int putOff;

    @Override
    public void flush(ChannelHandlerContext context) {
      if (due) {
        if (++putOff >= MOST) {
          flushNow(context);
        }
        return;
      }
      if (context.channel().eventLoop() instanceof SingleThreadEventLoop loop) {
        due = true;
        try {
          loop.executeAfterEventLoopIteration(() -> flushNow(context));
        } catch (RejectedExecutionException closing) {
          flushNow(context);
        }
      } else {
        context.flush();
      }
    }

    private void flushNow(ChannelHandlerContext context) {
      if (due) {
        due = false;
        putOff = 0;
        context.flush();
      }
    }

    /** Much waits already: what waits any longer would only be more. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
      if (!context.channel().isWritable()) {
        flushNow(context);
      }
      context.fireChannelWritabilityChanged();
    }

    @Override
    public void close(ChannelHandlerContext context, ChannelPromise promise) {
      flushNow(context);
      var unused = context.close(promise); // Whoever gave the promise hears of it.
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
      flushNow(context);
    }
  }
}
