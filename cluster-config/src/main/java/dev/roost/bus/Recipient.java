package dev.roost.bus;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the pushes and replies of one joined channel go. It names everything a frame needs, so that
 * a late reply still finds its client after the channel is gone (Y-6).
 *
 * @param channel number of the channel on its gateway, never used twice: a join that was sent to
 *     one host after the other has several
 * @param socket number of the connection on its gateway, never used twice
 * @param topic the joined topic
 * @param joinRef what the frames carry: the join's join_ref or, when null, its ref (J-7, J-30)
 */
public record Recipient(long channel, long socket, String topic, @Nullable Ref joinRef) {

  public Recipient {
    Objects.requireNonNull(topic, "topic");
  }
}
