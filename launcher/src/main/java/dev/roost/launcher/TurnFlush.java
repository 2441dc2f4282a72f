package dev.roost.launcher;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.SingleThreadEventLoop;
import java.util.concurrent.RejectedExecutionException;

/** Puts off each flush to the end of the turn; on the event loop of its connection. */
final class TurnFlush extends ChannelDuplexHandler {

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
