/**
 * Reads a raw frame: its five fields, its kind, and, for a reply, which frame it answers.
 *
 * A text frame of the V2 protocol is a JSON array, `[join_ref, ref, topic, event, payload]`, in
 * both directions. What kind it is follows from the direction, the event and which of the two refs
 * are null, never from the application:
 *
 *   up    heartbeat | join | leave | event
 *   down  heartbeatReply | joinReply | leaveReply | reply | broadcast | push | error | close
 */

const OPEN_QUESTIONS = 200;

export class FrameReader {
  #count = 0;
  #questions = new Map(); // ref → the frame sent up with it, until it is answered

  /** @param {"up" | "down"} direction */
  read(direction, data) {
    const text = typeof data === "string";
    const frame = {
      no: ++this.#count,
      at: new Date(),
      clock: performance.now(),
      direction,
      raw: text ? data : `binary frame`,
      bytes: text ? new TextEncoder().encode(data).length : data.byteLength,
      fields: text ? fieldsOf(data) : null,
      answers: null,
    };
    if (frame.fields) {
      this.#pair(frame);
    }
    frame.kind = kindOf(frame);
    return frame;
  }

  /** Forgets open questions: their answers cannot come on another connection. */
  reset() {
    this.#questions.clear();
  }

  #pair(frame) {
    const { ref, event } = frame.fields;
    if (frame.direction === "up" && ref !== null) {
      this.#questions.set(ref, frame);
      if (this.#questions.size > OPEN_QUESTIONS) {
        this.#questions.delete(this.#questions.keys().next().value);
      }
    } else if (event === "phx_reply" && this.#questions.has(ref)) {
      const question = this.#questions.get(ref);
      this.#questions.delete(ref);
      frame.answers = { event: question.fields.event, ms: frame.clock - question.clock };
    }
  }
}

function fieldsOf(raw) {
  try {
    const [joinRef, ref, topic, event, payload] = JSON.parse(raw);
    return { joinRef, ref, topic, event, payload };
  } catch {
    return null;
  }
}

function kindOf({ direction, fields, answers }) {
  if (!fields) {
    return "unknown";
  }
  const { joinRef, ref, topic, event } = fields;
  if (direction === "up") {
    if (topic === "phoenix" && event === "heartbeat") {
      return "heartbeat";
    }
    return { phx_join: "join", phx_leave: "leave" }[event] ?? "event";
  }
  if (event === "phx_reply") {
    if (topic === "phoenix") {
      return "heartbeatReply";
    }
    return { phx_join: "joinReply", phx_leave: "leaveReply" }[answers?.event] ?? "reply";
  }
  if (event === "phx_error") {
    return "error";
  }
  if (event === "phx_close") {
    return "close";
  }
  return joinRef === null && ref === null ? "broadcast" : "push";
}

/** `true` for a frame that only keeps the connection alive, in either direction. */
export const isHeartbeat = ({ kind }) => kind === "heartbeat" || kind === "heartbeatReply";

/** A duration as people read it: "3 ms", "1.0 s". */
export const duration = (ms) =>
  ms < 1 ? "< 1 ms" : ms < 950 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
