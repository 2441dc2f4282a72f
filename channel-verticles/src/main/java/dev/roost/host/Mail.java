package dev.roost.host;

import dev.roost.bus.HostMessage;
import dev.roost.bus.RawPayload;
import dev.roost.bus.Ref;
import dev.roost.channel.StopReason;
import dev.roost.channel.TerminateReason;
import org.jspecify.annotations.Nullable;

/** What may lie in a channel's mailbox. */
sealed interface Mail {

  /** Bytes of payload that wait with it. */
  default int size() {
    return 0;
  }

  /** Those of them that nobody else holds: of a broadcast all members have the same. */
  default int ownSize() {
    return 0;
  }

  /** The first mail of every channel. */
  record Join(RawPayload payload) implements Mail {}

  /** A client's event, for handleIn. */
  record In(HostMessage.Event message) implements Mail {
    @Override
    public int size() {
      return message.payload().size();
    }

    @Override
    public int ownSize() {
      return size();
    }
  }

  /** An intercepted broadcast, for handleOut. */
  record Out(String event, RawPayload payload) implements Mail {
    @Override
    public int size() {
      return payload.size();
    }
  }

  /** A message of the application, for handleInfo. */
  record Message(Object body) implements Mail {}

  /** The client leaves. */
  record Leave(@Nullable Ref ref) implements Mail {}

  /** The application stops the channel from outside its callbacks. */
  record Stop(StopReason reason) implements Mail {}

  /** Not for the channel: tells somebody who waits that no callback is running. */
  record Idle(Runnable action) implements Mail {}

  /** The channel is over already for the rest of the world; only terminate is left to run. */
  record End(TerminateReason reason) implements Mail {}
}
