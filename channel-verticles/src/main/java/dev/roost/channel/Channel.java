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
   *     JoinResult#refuse(Object)}; an exception or null answers the client {@code {"reason": "join
   *     crashed"}} (J-16)
   */
  JoinResult join(String topic, Payload payload, Socket socket);

  /**
   * Handles a client's event.
   *
   * @param payload any JSON value or binary
   * @return {@link Result#noReply()}, {@link Result#reply(Object)}, {@link Result#error(Object)},
   *     {@link Result#reply(String, Object)}, {@link Result#stop()}, a reply {@link
   *     Result.Reply#thenStop() that stops}, or {@link Result#unhandled()}; null or an exception
   *     crashes the channel (M-9)
   */
  default Result handleIn(String event, Payload payload, Socket socket) {
    return Result.unhandled();
  }

  /**
   * Handles a broadcast of an {@link dev.roost.application.Route#intercept intercepted} event on
   * its way to this client; what is to reach the client has to be pushed (F-15).
   *
   * @return {@link Result#noReply()} or {@link Result#stop()}
   */
  default Outcome handleOut(String event, Payload payload, Socket socket) {
    return Result.unhandled();
  }

  /**
   * Handles a message of the application: from {@link Socket#sendSelf} or {@link Socket#sendAfter}.
   *
   * @return {@link Result#noReply()} or {@link Result#stop()}; without this method messages are
   *     logged and dropped (M-16)
   */
  default Outcome handleInfo(Object message, Socket socket) {
    return Result.unhandled();
  }

  /**
   * Runs last, when the channel ends other than by being replaced or killed (L-30, L-31). Pushes
   * made here still reach the client, behind {@code phx_close} (L-32).
   *
   * @param reason why it ends
   */
  default void terminate(TerminateReason reason, Socket socket) {}
}
