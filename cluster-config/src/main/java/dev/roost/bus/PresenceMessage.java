package dev.roost.bus;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What host verticles tell each other of presences: those who track, on behalf of a channel or of
 * other code of the application, and the one that hosts the topic in which they are present. And
 * what they ask the gateway of a socket first, since only that one knows all channels of it.
 *
 * <p>A presence is named by the inbox of the host that tracks it (the sender of the envelope), a
 * number of the tracker there, the topic and the key. What one host tracks at another is a set that
 * both know; after a loss on the link between them it is sent again, between {@link SyncBegin} and
 * {@link SyncEnd}, and whatever is not in it is gone.
 */
public sealed interface PresenceMessage extends BusMessage {

  /**
   * A presence as it is now: a new one, a new meta of a known one, or one that is known already;
   * answered by {@link Answer}.
   *
   * @param request number that the answer repeats
   * @param epoch the tenure of the topic's partition that the sender believes in
   * @param ref of this version of the meta: its {@code phx_ref}
   * @param meta JSON object, {@code phx_ref} included
   */
  record Put(
      long request, long tracker, String topic, long epoch, String key, String ref, RawPayload meta)
      implements PresenceMessage {
    public Put {
      Objects.requireNonNull(topic, "topic");
      Objects.requireNonNull(key, "key");
      Objects.requireNonNull(ref, "ref");
      Objects.requireNonNull(meta, "meta");
    }

    @Override
    public int payloadBytes() {
      return meta.size();
    }
  }

  /**
   * A presence ends; answered by {@link Answer}, also if there is none.
   *
   * @param hasDied it ends with a gateway that has died, a while ago by now
   */
  record Untrack(long request, long tracker, String topic, String key, boolean hasDied)
      implements PresenceMessage {
    public Untrack {
      Objects.requireNonNull(topic, "topic");
      Objects.requireNonNull(key, "key");
    }
  }

  /** What became of a {@link Put} or {@link Untrack}. */
  enum Outcome {
    DONE,
    /** Somebody else hosts the topic, or nobody: ask the partition table again. */
    NOT_HOSTED,
    /** The topic has as many presences, or as many bytes of them, as it may have. */
    TOPIC_FULL
  }

  /** Answers {@link Put} and {@link Untrack}. */
  record Answer(long request, Outcome outcome) implements PresenceMessage {
    public Answer {
      Objects.requireNonNull(outcome, "outcome");
    }
  }

  /** Asks a host for everything that it tracks here, since messages of it may be missing. */
  record SyncRequest() implements PresenceMessage {}

  /** From here to {@link SyncEnd} come all presences that the sender has at the receiver. */
  record SyncBegin() implements PresenceMessage {}

  /** All have come; the others that the receiver knows of the sender are gone. */
  record SyncEnd() implements PresenceMessage {}

  /**
   * Asks a gateway whether the limits of a channel's socket allow a track or an update; answered by
   * {@link Claimed} unless the channel has ended. What is granted for a track counts until {@link
   * Release} or the end of the channel.
   *
   * @param claim number that the answer repeats
   * @param isNew a track; else an update, which only the rate binds
   * @param presences that the socket may have, of all its channels
   * @param rate tracks and updates that it may do in a second
   * @param name of a new presence, if the application has to hear of its end even though the host
   *     dies: see {@link WentWithHost}
   */
  record Claim(
      long claim, long channel, boolean isNew, int presences, int rate, Optional<Name> name)
      implements PresenceMessage {
    public Claim {
      Objects.requireNonNull(name, "name");
    }
  }

  /** Where somebody is present, and as whom. */
  record Name(String topic, String key) {
    public Name {
      Objects.requireNonNull(topic, "topic");
      Objects.requireNonNull(key, "key");
    }
  }

  /** What a gateway says to a {@link Claim}. */
  enum Ruling {
    GRANTED,
    /** The socket has as many presences as it may have. */
    TOO_MANY,
    /** It tracks and updates more often than it may. */
    TOO_OFTEN
  }

  /** Answers {@link Claim}. */
  record Claimed(long claim, Ruling ruling) implements PresenceMessage {
    public Claimed {
      Objects.requireNonNull(ruling, "ruling");
    }
  }

  /** What was granted to a channel for this claim is free again, if anything was. */
  record Release(long channel, long claim) implements PresenceMessage {}

  /**
   * A host tells a gateway that it has taken notice of a {@link HostMessage.SocketGone} with these
   * channels, and of what they tracked the application, where that has to hear of it.
   */
  record Noticed(List<Long> channels) implements PresenceMessage {
    public Noticed {
      channels = List.copyOf(channels);
    }
  }

  /**
   * Somebody was present under these keys in a topic whose host has died; a gateway tells its next
   * host of those whose channels it had, so that the application hears of their end.
   *
   * @param keys at most {@link Contract#MAX_KEYS_PER_MESSAGE}
   */
  record WentWithHost(String topic, List<String> keys) implements PresenceMessage {
    public WentWithHost {
      Objects.requireNonNull(topic, "topic");
      keys = List.copyOf(keys);
    }
  }

  /**
   * Asks the host of a topic who is there, from anywhere; see {@link BusEndpoint#ask}.
   *
   * @param key only this one
   */
  record Query(String topic, Optional<String> key) implements PresenceMessage {
    public Query {
      Objects.requireNonNull(topic, "topic");
      Objects.requireNonNull(key, "key");
    }
  }
}
