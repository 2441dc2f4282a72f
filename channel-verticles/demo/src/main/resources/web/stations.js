/**
 * Tells which parts of Roost a frame passed and what each did, in the words of the design:
 * gateway, route, partition, host, topic home, inbox, mailbox.
 *
 * This is derived from the frame's kind, and of an error from its reason. The page sees only what
 * crosses the socket; the rest of the path is what Roost always does with such a frame. Where it
 * may have been one of two things the text says so.
 */

import { duration } from "./frames.js";

/** The places a frame can pass, in order from the browser inwards. */
export const STATIONS = ["browser", "gateway", "host", "channel"];

/**
 * @returns {{title: string, handledBy: string, steps: {station: string, text: string}[]}} steps in
 *     the order of travel; text in backticks is code
 */
export function explain(frame) {
  const { title, handledBy, steps } = EXPLANATIONS[frame.kind](frame, frame.fields);
  return {
    title,
    handledBy,
    steps: steps.map(([station, text]) => ({ station, text })),
  };
}

const EXPLANATIONS = {
  heartbeat: () => ({
    title: "Heartbeat",
    handledBy: "gateway",
    steps: [
      ["browser", "Is the line alive? Asked on opening it, then every 30 s."],
      ["gateway", "Answers by itself. No channel hears of it, so none can cost you the socket."],
    ],
  }),

  heartbeatReply: (frame) => ({
    title: "Reply to a heartbeat",
    handledBy: "gateway",
    steps: [
      ["gateway", "Wrote this on its own, with the `ref` exactly as it came."],
      ["browser", `Recognises the \`ref\`${after(frame)} and sets the timer for the next one.`],
    ],
  }),

  join: (_, { topic }) => ({
    title: "Join",
    handledBy: "host",
    steps: [
      ["browser", "Asks to join. This `ref` becomes the `join_ref` of all that follows."],
      ["gateway", `Finds the route, the partition \`hash("${topic}") mod 256\`, and its host.`],
      ["host", "Takes `Join` from its inbox; the TopicHome creates a channel process."],
      ["channel", "`Channel.join` runs on a virtual thread with this payload."],
    ],
  }),

  joinReply: (frame, { payload }) => {
    if (payload?.status === "ok") {
      return {
        title: "Joined",
        handledBy: "host",
        steps: [
          ["channel", "`Channel.join` accepted; its answer is the `response`."],
          ["host", "Adds the channel to the topic's members and sends `Joined`."],
          ["gateway", "Adds a row and a subscription, then writes this. Nothing overtakes it."],
          ["browser", `Joined${after(frame)}. Pushes held back until now go out.`],
        ],
      };
    }
    const retry = ["browser", "phoenix.js tries again after 1, 2, 5, then every 10 s."];
    const { reason } = payload?.response ?? {};
    if (Object.hasOwn(REFUSED_BY_GATEWAY, reason)) {
      return {
        title: "Join refused",
        handledBy: "gateway",
        steps: [["gateway", REFUSED_BY_GATEWAY[reason]], retry],
      };
    }
    if (reason === "join crashed") {
      return {
        title: "Join crashed",
        handledBy: "host",
        steps: [
          ["channel", "`Channel.join` gave no answer: it threw, or took too long."],
          ["host", "Ends the channel process and answers for it. The cause is in its log only."],
          ["gateway", "Passes the answer on. The socket is untouched."],
          retry,
        ],
      };
    }
    return {
      title: "Join refused",
      handledBy: "channel",
      steps: [
        ["channel", "`Channel.join` refused, and gave a reason."],
        ["host", "Ends the channel process and sends `Refused`."],
        ["gateway", "Passes the reason on. The socket is untouched."],
        retry,
      ],
    };
  },

  leave: () => ({
    title: "Leave",
    handledBy: "host",
    steps: [
      ["browser", "Leaves the topic; the socket stays open for others."],
      ["gateway", "Marks its row as leaving and passes `Leave` to the host."],
      ["host", "Removes the member and ends the channel process."],
      ["channel", "`terminate` runs. `handleIn` never sees a leave."],
    ],
  }),

  leaveReply: (frame) => ({
    title: "Reply to a leave",
    handledBy: "host",
    steps: [
      ["host", "Removed the member and sent `Left`. Had its node gone, the gateway would answer."],
      ["gateway", "Writes this first, the `phx_close` after it."],
      ["browser", `Left${after(frame)}.`],
    ],
  }),

  event: (_, { event }) => ({
    title: "Event",
    handledBy: "channel",
    steps: [
      ["browser", `Pushes \`${event}\` to its channel.`],
      ["gateway", "Finds the socket's row, checks `join_ref`. The payload stays bytes."],
      ["host", "Takes `Event` from its inbox and puts it into the channel's mailbox."],
      ["channel", `\`handleIn("${event}")\` runs, one message at a time. ${OUTCOME[event] ?? ""}`],
    ],
  }),

  reply: (frame, { payload }) => {
    const reason = payload?.status === "error" ? payload.response?.reason : undefined;
    if (Object.hasOwn(ANSWERED_BY_HOST, reason)) {
      return {
        title: `Reply: ${reason}`,
        handledBy: "host",
        steps: [
          ["host", ANSWERED_BY_HOST[reason]],
          ["gateway", "Writes it with the same `join_ref` and `ref`."],
          ["browser", "Matches the `ref` to its push."],
        ],
      };
    }
    if (reason === "unmatched topic") {
      return {
        title: "Reply: not joined",
        handledBy: "gateway",
        steps: [
          ["gateway", "Has no row for this topic, so it answers by itself."],
          ["browser", "Matches the `ref` to its push."],
        ],
      };
    }
    const to = frame.answers ? ` to ${frame.answers.event}` : "";
    return {
      title: `Reply${to}`,
      handledBy: "channel",
      steps: [
        ["channel", `\`handleIn\` returned a reply with status \`${payload?.status}\`.`],
        ["host", "Sends `Reply` to the gateway that holds the socket."],
        ["gateway", "Writes it with the same `join_ref` and `ref`."],
        ["browser", `Matches the \`ref\` to its push${after(frame)}.`],
      ],
    };
  },

  broadcast: (_, { event }) => ({
    title: "Broadcast",
    handledBy: "host",
    steps: [
      ["channel", ORIGIN[event] ?? "A channel, or any other code on any node, broadcast this."],
      ["host", "Puts it in sequence; one `Broadcast` per interested gateway verticle."],
      ["gateway", "Encodes it once per serializer; all sockets share the bytes, so no refs."],
      ["browser", `Handed to \`channel.on("${event}")\`.`],
    ],
  }),

  push: (_, { event }) => ({
    title: "Push",
    handledBy: "channel",
    steps: [
      ["channel", PUSHED[event] ?? `Called \`push("${event}")\`: for this client only.`],
      ["host", "Sends `Push` to the gateway that holds the socket, in call order."],
      ["gateway", "Writes it with this client's `join_ref`."],
      ["browser", `Handed to \`channel.on("${event}")\`.`],
    ],
  }),

  error: () => ({
    title: "Channel error",
    handledBy: "gateway",
    steps: [
      ["channel", "The channel crashed, or its node went or gave the topic up: no telling which."],
      ["host", "Unless it is gone itself: removes the member and sends `Crashed`."],
      ["gateway", "Hears that, or that the node is gone. Drops the row; the socket stays."],
      ["browser", "phoenix.js rejoins after 1 s, on the same socket."],
    ],
  }),

  close: () => ({
    title: "Channel closed",
    handledBy: "host",
    steps: [
      ["channel", "In good order: it stopped itself, or its client has left."],
      ["host", "Removes the member and sends `Closed`, or `Left` after a leave."],
      ["gateway", "Drops the row and the subscription. The socket stays."],
      ["browser", "Final: phoenix.js does not rejoin by itself."],
    ],
  }),

  unknown: (frame) => ({
    title: "Not a text frame of this protocol",
    handledBy: frame.direction === "up" ? "browser" : "gateway",
    steps: [["browser", `The page shows only its size: ${frame.bytes} bytes.`]],
  }),
};

/* Answers that are Roost's own; a channel of another application may use the same words. */
const REFUSED_BY_GATEWAY = {
  "unmatched topic": "No application that is deployed now has a route for this topic.",
  unavailable: "No node was there to host the topic, for 5 s by default.",
  "too many channels joined": "This socket has as many channels as it may have.",
  "too many joins": "This socket joins more often than it may.",
};

const ANSWERED_BY_HOST = {
  "mailbox full": "The channel's mailbox is full, so `handleIn` never sees this message.",
  "unhandled event": "`handleIn` does not know the event, and the route says to answer so.",
};

/** Events that come in bursts: a pen that draws, a hand that moves. */
export const isRapid = ({ kind, fields }) =>
  (kind === "event" || kind === "broadcast") && RAPID.has(fields.event);

const RAPID = new Set(["stroke", "cursor"]);

/* What this demo's ChatChannel and BoardChannel do with their events, and why they broadcast. */
const OUTCOME = {
  new_msg: "It broadcasts, then replies; a body too long or empty is refused.",
  typing: "It calls `broadcastFrom`, then replies.",
  away: "It updates its presence, then replies.",
  back: "It updates its presence, then replies.",
  crash: "It throws.",
  stop: "It stops.",
  stroke: "It adds the piece to the drawing and calls `broadcast`; no reply.",
  clear: "It empties the drawing and calls `broadcast`; no reply.",
  cursor: "It calls `broadcastFrom`; no reply.",
  recalled: "It takes this drawing if it has none, and broadcasts it.",
};

const ORIGIN = {
  new_msg: "A channel called `broadcast` while it handled a `new_msg`.",
  typing: "A channel called `broadcastFrom`: everyone but its own client.",
  presence_diff: "Channels tracked, updated or ended since the last diff, 50 ms ago or more.",
  stroke: "A channel called `broadcast`: its own client too learns the one order of all strokes.",
  clear: "A channel called `broadcast`, so that all see it at the same point among the strokes.",
  cursor: "A channel called `broadcastFrom`: everyone but its own client.",
  picture: "The host had lost the drawing; a member's page has brought it back.",
  gone: "A channel broadcast this from `terminate`.",
  joined: "A channel broadcast this once it had joined.",
  left: "A channel broadcast this from `terminate`.",
};

const PUSHED = {
  presence_state: "Its join asked to be `present`: tracked, then pushed the list of all who are.",
};

const after = ({ answers }) => (answers ? `, ${duration(answers.ms)} later` : "");

/** One short remark per field, saying why it holds what it holds. */
export function remarks(frame) {
  const { kind, fields, direction } = frame;
  return {
    joinRef: JOIN_REF[kind] ?? (fields.joinRef === null ? "no channel" : "of its join"),
    ref: REF[kind] ?? (direction === "up" ? "for the answer" : "of the question"),
    topic: fields.topic === "phoenix" ? "reserved" : "decides the host",
    event: /^phx_|^heartbeat$/.test(fields.event) ? "reserved" : "named by the app",
  };
}

const JOIN_REF = { join: "names this join", broadcast: "same for all" };
const REF = {
  broadcast: "answers nothing",
  push: "answers nothing",
  error: "repeats join_ref",
  close: "repeats join_ref",
};
