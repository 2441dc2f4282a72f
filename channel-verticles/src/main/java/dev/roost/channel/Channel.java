package dev.roost.channel;

/**
 * One client's conversation on one topic. A new instance is made for each join, so its fields are
 * the conversation's own state.
 *
 * <p>Callbacks are plain blocking Java: each runs on a virtual thread, one at a time and in the
 * order in which things arrived, so nothing here needs a lock. An exception ends this channel only:
 * its client gets {@code phx_error} and joins again; everybody else is undisturbed. Only what
 * computes for long, or before Java 24 blocks inside {@code synchronized}, keeps a processor from
 * the others: give it to a thread of its own and reply later.
 *
 * <p>No callback may run for ever: one that takes 5 s ({@code callbackWarning}) is told of in the
 * log, and after 30 s ({@code callbackTimeout}, both of {@link
 * dev.roost.application.ChannelOptions}) its thread is interrupted and the channel is over, without
 * {@link #terminate}: the client gets {@code phx_error}. What the callback still sends goes
 * nowhere.
 *
 * {@snippet :
 * final class EchoChannel implements Channel {
 *   @Override
 *   public JoinResult join(String topic, Payload payload, Socket socket) {
 *     return JoinResult.ok();
 *   }
 *
 *   @Override
 *   public Result handleIn(String event, Payload payload, Socket socket) {
 *     return switch (event) {
 *       case "echo" -> Result.reply(payload);
 *       default -> Result.unhandled();
 *     };
 *   }
 * }
 * }
 *
 * <p>Follows the callbacks of {@code Phoenix.Channel}.
 */
@FunctionalInterface
public interface Channel {

  /**
   * Decides on a join. Until this returns the socket is not joined: to push right after the join,
   * {@link Socket#sendSelf send yourself a message} and act in {@link #handleInfo}.
   *
   * @param topic the topic asked for
   * @param payload the join payload: any JSON value or binary
   * @return {@link JoinResult#ok()}, {@link JoinResult#ok(Object)} or {@link
   *     JoinResult#refuse(Object)}; an exception, null, or {@code callbackTimeout} answers the
   *     client {@code {"reason": "join crashed"}} (J-16)
   */
  JoinResult join(String topic, Payload payload, Socket socket);

  /**
   * Handles a client's event.
   *
   * @param payload any JSON value or binary
   * @return {@link Result#noReply()}, {@link Result#reply(Object)}, {@link Result#error(Object)},
   *     {@link Result#reply(String, Object)}, {@link Result#stop()}, a reply {@link
   *     Result.Reply#thenStop() that stops}, or {@link Result#unhandled()}; null, an exception, or
   *     {@code callbackTimeout} crashes the channel (M-9)
   */
  default Result handleIn(String event, Payload payload, Socket socket) {
    return Result.unhandled();
  }

  /**
   * Handles a broadcast of an {@link dev.roost.application.Route#intercept intercepted} event on
   * its way to this client; what is to reach the client has to be pushed (F-15).
   *
   * @return {@link Result#noReply()} or {@link Result#stop()}; null, {@link Result#unhandled()}, an
   *     exception, or {@code callbackTimeout} crashes the channel
   */
  default Outcome handleOut(String event, Payload payload, Socket socket) {
    return Result.unhandled();
  }

  /**
   * Handles a message of the application: from {@link Socket#sendSelf} or {@link Socket#sendAfter}.
   *
   * @return {@link Result#noReply()} or {@link Result#stop()}; {@link Result#unhandled()} logs the
   *     message and drops it, as does a channel without this method (M-16); null, an exception, or
   *     {@code callbackTimeout} crashes the channel
   */
  default Outcome handleInfo(Object message, Socket socket) {
    return Result.unhandled();
  }

  /**
   * Runs last, when the channel ends other than by being replaced or killed (L-30, L-31): not after
   * {@code callbackTimeout}, nor when what was sent to the channel did not fit into its mailbox,
   * nor after a join that crashed. Pushes made here still reach the client, behind {@code
   * phx_close} (L-32). An exception is logged and changes nothing else; {@code callbackTimeout}
   * interrupts this too.
   *
   * @param reason why it ends
   */
  default void terminate(TerminateReason reason, Socket socket) {}
}
