/**
 * The board's channel. It belongs to another application than the chat's, which may be deployed
 * later or on other nodes, and goes over the same socket. While nobody serves it the join is
 * refused, and phoenix.js asks again by itself.
 */

const NOT_DEPLOYED = ["unmatched topic", "unavailable"];

export class BoardSession {
  #session;
  #drawing;
  #view;
  #hand = Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  #channel = null;

  /**
   * @param {import("./session.js").Session} session whose socket it uses
   * @param {import("./drawing.js").Drawing} drawing what the channel brings goes there
   * @param {object} view told of `state`, `changed`, `cursor`, `gone`, `alone`; see board.js
   */
  constructor(session, drawing, view) {
    this.#session = session;
    this.#drawing = drawing;
    this.#view = view;
  }

  get joined() {
    return this.#channel?.state === "joined";
  }

  /** Names what this page draws, for as long as it is open. */
  get hand() {
    return this.#hand;
  }

  /** Goes to a room's board, leaving the one before it. */
  enter(room) {
    const before = this.#channel;
    this.#channel = null; // from here on its events are of no interest
    before?.leave();
    this.#drawing.clear();
    this.#drawing.forgetSent();
    this.#view.alone();
    this.#view.changed();
    this.#join(`board:${room}`);
  }

  draw(piece) {
    this.#drawing.send(piece);
    this.#channel.push("stroke", piece);
    this.#view.changed();
  }

  cursor(x, y) {
    this.#channel.push("cursor", { name: this.#session.name, x, y });
  }

  clear() {
    this.#channel.push("clear", {});
  }

  #join(topic) {
    const channel = this.#session.channel(topic, { hand: this.#hand });
    const drawing = this.#drawing;
    const view = this.#view;
    const current = (handle) => (payload) => {
      if (channel === this.#channel) {
        handle(payload);
      }
    };
    const changes = (handle) =>
      current((payload) => {
        handle(payload);
        view.changed();
      });
    this.#channel = channel;
    view.state("joining");

    channel.on("stroke", changes((piece) => drawing.add(piece)));
    channel.on("clear", changes(() => drawing.clear()));
    channel.on("picture", changes(({ strokes }) => drawing.show(strokes)));
    // The host does not know the picture: it is new there, or we are the last who have it.
    channel.on("recall", current(() => {
      if (drawing.lines > 0) {
        channel.push("recalled", { strokes: drawing.picture() });
      }
    }));
    channel.on("cursor", current((cursor) => view.cursor(cursor)));
    channel.on("gone", current(({ hand }) => view.gone(hand)));
    channel.onError(current((cause) => this.#lost(cause)));
    channel.onClose(current(() => view.state("closed")));
    channel
      .join()
      .receive("ok", changes((response) => this.#entered(response)))
      .receive("error", current((response) => this.#refused(response)))
      .receive("timeout", current(() => view.state("rejoining")));
  }

  #entered({ max_points: maxPoints, max_lines: maxLines }) {
    this.#drawing.keep(maxPoints, maxLines);
    this.#drawing.forgetSent();
    this.#view.state("joined");
  }

  #lost(cause) {
    this.#view.alone();
    this.#view.state(cause?.source === "transport" ? "waiting" : "rejoining");
  }

  #refused({ reason }) {
    this.#view.state(NOT_DEPLOYED.includes(reason) ? "absent" : "refused", reason);
  }
}
