package dev.roost.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A connection of Netty's, in this process, whose flushes are counted below. */
@Timeout(30)
class TurnFlushTest {

  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
  private final AtomicInteger flushes = new AtomicInteger();
  private final Semaphore received = new Semaphore(0);
  private Channel client;

  @BeforeEach
  void connect() throws Exception {
    var address = new LocalAddress(TurnFlushTest.class);
    new ServerBootstrap()
        .group(loops)
        .channel(LocalServerChannel.class)
        .childHandler(
            new SimpleChannelInboundHandler<ByteBuf>() {
              @Override
              public boolean isSharable() {
                return true;
              }

              @Override
              protected void channelRead0(ChannelHandlerContext context, ByteBuf read) {
                received.release(read.readableBytes());
              }
            })
        .bind(address)
        .sync();
    client =
        new Bootstrap()
            .group(loops)
            .channel(LocalChannel.class)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, new WriteBufferWaterMark(5_000, 10_000))
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new ChannelOutboundHandlerAdapter() {
                              @Override
                              public void flush(ChannelHandlerContext context) {
                                flushes.incrementAndGet();
                                context.flush();
                              }
                            })
                        .addLast(new TurnFlush());
                  }
                })
            .connect(address)
            .sync()
            .channel();
  }

  @AfterEach
  void stop() {
    loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private void inOneTurn(Runnable work) throws Exception {
    client.eventLoop().submit(work).sync();
  }

  private void send(int bytes) {
    var unused = client.writeAndFlush(Unpooled.wrappedBuffer(new byte[bytes]));
  }

  private void assertReceived(int bytes) throws InterruptedException {
    assertTrue(received.tryAcquire(bytes, 20, TimeUnit.SECONDS), () -> bytes + " bytes");
  }

  @Test
  void whatIsSentInOneTurnIsFlushedOnce() throws Exception {
    inOneTurn(
        () -> {
          for (int i = 0; i < 20; i++) {
            send(1);
          }
        });
    assertReceived(20);
    assertEquals(1, flushes.get());
  }

  @Test
  void manyOfOneTurnDoNotWaitForItsEnd() throws Exception {
    inOneTurn(
        () -> {
          for (int i = 0; i < 65; i++) {
            send(1);
          }
          assertEquals(1, flushes.get());
        });
    assertReceived(65);
  }

  @Test
  void eachTurnFlushes() throws Exception {
    for (int i = 1; i <= 3; i++) {
      inOneTurn(() -> send(1));
      assertReceived(1);
      assertEquals(i, flushes.get());
    }
  }

  @Test
  void whatIsMuchIsFlushedAtOnce() throws Exception {
    inOneTurn(
        () -> {
          for (int i = 0; i < 20; i++) {
            send(4_000);
          }
        });
    assertReceived(80_000);
    assertTrue(flushes.get() > 1, "flushes: " + flushes.get());
  }

  @Test
  void whatIsSentBeforeACloseArrives() throws Exception {
    inOneTurn(
        () -> {
          send(7);
          var unused = client.close();
        });
    assertReceived(7);
  }
}
