/**
 * One socket and, on it, the chat's channel: the room this page is in. Everything that happens to
 * either is told to the view; the session itself changes no element. The board's channel is on the
 * same socket; see board-session.js.
 */

const TYPING_EVERY_MS = 2000;

export class Session {
  #socket;
  #Presence;
  #view;
  #name;
  #channel = null;
  #room = null;
  #lostAt = null; // when the channel was lost, until it is back
  #socketLost = false;
  #socketBack = false; // the socket was lost and is open again, the channel not yet
  #pressed = null; // "crash" or "stop", until its effect has come
  #typingSentAt = -Infinity;
  #saying = new Set(); // { body } of each message that is sent and not answered

  /**
   * @param {object} phoenix phoenix.js: its Socket and its Presence
   * @param {Function} transport the WebSocket class it shall use
   * @param {string} name who we are
   * @param {object} view told of `socket`, `channel`, `note`, `message`, `here`, `typing`; see chat.js
   */
  constructor(phoenix, transport, name, view) {
    this.#name = name;
    this.#view = view;
    this.#Presence = phoenix.Presence;
    this.#socket = new phoenix.Socket("/socket", { transport });
    this.#socket.onOpen(() => this.#socketOpened());
    this.#socket.onClose(({ code }) => this.#socketClosed(code));
  }

  get name() {
    return this.#name;
  }

  get room() {
    return this.#room;
  }

  connect() {
    this.#view.socket("connecting");
    this.#socket.connect();
  }

  /** Another channel on the same socket. */
  channel(topic, params) {
    return this.#socket.channel(topic, params);
  }

  /** Enters a room, leaving the one before it. */
  enter(room) {
    if (this.#channel) {
      const before = this.#channel;
      this.#channel = null; // from here on its events are of no interest
      before.leave();
    }
    this.#room = room;
    this.#join();
  }

  /** Takes another name; the server learns it by a new join. */
  rename(name) {
    this.#name = name;
    if (this.#room !== null) {
      this.enter(this.#room);
    }
  }

  /**
   * Sends a message. While the channel is being rejoined phoenix.js holds it back, then sends it.
   *
   * @returns {Promise<void>} fulfilled by the server's ok, rejected with the reason to show
   */
  send(body) {
    return new Promise((resolve, reject) => {
      if (!this.#channel) {
        reject("You are not in a room.");
        return;
      }
      this.#typingSentAt = -Infinity;
      const message = { body };
      const answered = (settle) => (response) => {
        this.#saying.delete(message);
        settle(response);
      };
      const refused = (response) => reject(`The server refused it: ${reason(response)}.`);
      const unanswered = () => reject("No answer for 10 s. It may or may not have arrived.");
      this.#saying.add(message);
      this.#channel
        .push("new_msg", message)
        .receive("ok", answered(() => resolve()))
        .receive("error", answered(refused))
        .receive("timeout", answered(unanswered));
    });
  }

  /**
   * Somebody said something, perhaps we. Others may go by our name: it is ours if it says what we
   * have just sent, which comes back before the answer to it does.
   */
  #said(name, body) {
    const ours =
      name === this.#name && [...this.#saying].find((message) => message.body === body);
    if (ours) {
      this.#saying.delete(ours);
    }
    this.#view.message(name, body, Boolean(ours));
  }

  /** Tells the room that we are typing, at most once in two seconds. */
  typing() {
    const now = performance.now();
    if (this.#channel?.state === "joined" && now - this.#typingSentAt >= TYPING_EVERY_MS) {
      this.#typingSentAt = now;
      this.#channel.push("typing", {});
    }
  }

  /** Tells the room whether we look at it. */
  away(isAway) {
    if (this.#channel?.state === "joined") {
      this.#channel.push(isAway ? "away" : "back", {});
    }
  }

  crash() {
    this.#press("crash");
  }

  stop() {
    this.#press("stop");
  }

  #press(event) {
    this.#pressed = event;
    this.#channel?.push(event, {});
  }

  #join() {
    const channel = this.#socket.channel(`room:${this.#room}`, () => ({ name: this.#name }));
    const current = (handle) => (...args) => {
      if (channel === this.#channel) {
        handle(...args);
      }
    };
    this.#channel = channel;
    this.#lostAt = null;
    this.#pressed = null;
    this.#saying.clear();
    this.#view.channel("joining");

    channel.on("new_msg", current(({ name, body }) => this.#said(name, body)));
    channel.on("typing", current(({ name }) => this.#view.typing(name)));
    const presence = new this.#Presence(channel);
    presence.onSync(current(() => this.#view.here(presence.list(person))));
    channel.onError(current((cause) => this.#lost(cause)));
    channel.onClose(current(() => this.#closed()));
    const unanswered = () => this.#view.note("wait", "No answer to the join. Trying again…");
    channel
      .join()
      .receive("ok", current(() => this.#joined()))
      .receive("error", current((response) => this.#refused(response)))
      .receive("timeout", current(unanswered));
  }

  #joined() {
    this.#view.channel("joined");
    if (document.hidden) {
      this.away(true);
    }
    this.#pressed = null;
    if (this.#lostAt === null) {
      this.#view.note("in", `You joined as ${this.#name}.`);
      return;
    }
    const seconds = ((performance.now() - this.#lostAt) / 1000).toFixed(1);
    const what = this.#socketBack ? "Reconnected and rejoined" : "Rejoined";
    this.#view.note("risen", `${what} after ${seconds} s.`);
    this.#lostAt = null;
    this.#socketBack = false;
  }

  #lost(cause) {
    this.#lostAt ??= performance.now();
    if (cause?.source === "transport") {
      this.#view.channel("waiting");
      return; // the socket's own close tells that story
    }
    this.#view.channel("rejoining");
    const what =
      this.#pressed === "crash"
        ? "The channel crashed."
        : "The channel was lost: it crashed, or its node went away.";
    this.#pressed = null;
    this.#view.note("crash", `${what} The socket stayed up. Rejoining…`);
  }

  #closed() {
    this.#channel = null;
    this.#pressed = null;
    this.#view.channel("closed");
    this.#view.note("closed", "The server stopped the channel, so phoenix.js does not rejoin.");
  }

  #refused(response) {
    this.#lostAt ??= performance.now();
    this.#view.channel("refused");
    this.#view.note("refused", `The join was refused: ${reason(response)}. Trying again…`);
  }

  #socketOpened() {
    this.#view.socket("open");
    this.#socket.ping(() => {}); // the first heartbeat at once, for its time and the first frame
    if (this.#socketLost) {
      this.#socketLost = false;
      this.#socketBack = this.#channel !== null;
      if (!this.#channel) {
        this.#view.note("risen", "Reconnected.");
      }
    }
  }

  #socketClosed(code) {
    if (!this.#socketLost) {
      this.#view.note("crash", `The socket was lost (close code ${code}). Reconnecting…`);
    }
    this.#socketLost = true;
    this.#view.socket("reconnecting");
  }
}

/** One name of the room's presence: a key such as "@Ada", with a meta for each of its windows. */
const person = (key, { metas }) => ({
  name: key.slice(1),
  devices: metas.length,
  away: metas.every((meta) => meta.away),
});

const reason = (response) =>
  typeof response?.reason === "string" ? response.reason : JSON.stringify(response);
