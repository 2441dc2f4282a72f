/** What is seen of the chat: messages, notes, who is typing, the two lights. */

import { egg } from "./names.js";
import { People } from "./people.js";

const KEPT_ENTRIES = 300;
const TYPING_LASTS_MS = 3500;
const SAME_BREATH_MS = 120_000;

const SOCKET_WORDS = { connecting: "connecting", open: "open", reconnecting: "reconnecting" };
const CHANNEL_WORDS = {
  joining: "joining",
  joined: "joined",
  rejoining: "crashed, rejoining",
  waiting: "waiting for the socket",
  refused: "refused",
  closed: "closed",
};

const $ = (id) => document.getElementById(id);

export class Chat {
  #papers = new Map(); // room → its list, kept while the page lives
  #paper = null;
  #room = null;
  #typists = new Map(); // name → the timer that forgets it
  #people = new People();
  #states = { socket: "connecting", channel: "joining" };
  #opens = 0;
  #rtt = "";
  #atEnd = true; // the last line is in view and shall stay there

  /** @param {() => void} onMessage told of each message that somebody else wrote */
  constructor(onMessage) {
    this.onMessage = onMessage;
    const paper = $("paper");
    paper.addEventListener("scroll", () => {
      this.#atEnd = paper.scrollHeight - paper.scrollTop - paper.clientHeight < 40;
    });
    // The room for the messages changes with the composer and with a phone's keyboard.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(paper);
  }

  /** Turns to a room's page; what was seen there before is still on it. */
  show(room) {
    this.#room = room;
    this.#people.show([]);
    this.#clearTyping();
    if (!this.#papers.has(room)) {
      const list = document.createElement("ol");
      list.className = "lines";
      this.#papers.set(room, list);
    }
    this.#paper = this.#papers.get(room);
    $("paper").replaceChildren(this.#paper);
    $("room-title").textContent = room;
    $("room-topic").textContent = `room:${room}`;
    document.title = `${room} · Roost`;
    this.#toEnd();
  }

  socket(state) {
    if (state === "open") {
      this.#opens += 1;
    }
    if (state !== "open") {
      this.#rtt = "";
    }
    this.#state("socket", state, SOCKET_WORDS[state]);
  }

  /** Shows the time a heartbeat took. */
  roundTrip(text) {
    this.#rtt = text;
    this.#state("socket", this.#states.socket, SOCKET_WORDS[this.#states.socket]);
  }

  channel(state) {
    const joined = state === "joined";
    const closed = state === "closed";
    this.#state("channel", state, CHANNEL_WORDS[state]);
    // Not `disabled`: that would take the focus away from whoever has just pressed one.
    $("crash").setAttribute("aria-disabled", String(!joined));
    $("stop").setAttribute("aria-disabled", String(!joined));
    const focused = document.activeElement;
    const hadFocus = focused === $("stop") || $("composer").contains(focused);
    $("composer").hidden = closed;
    $("ended").hidden = !closed;
    $("body").disabled = closed;
    $("send").disabled = closed;
    if (closed && hadFocus) {
      $("join-again").focus();
    }
    this.#people.stale(!joined);
    if (closed) {
      this.#people.show([]);
    }
    if (!joined) {
      this.#clearTyping();
    }
  }

  /** @param {boolean} own whether it was written here; the name alone does not tell */
  message(name, body, own) {
    this.#forget(name);
    const last = this.#paper.lastElementChild;
    const now = Date.now();
    const goesOn =
      last?.dataset.from === name &&
      last.classList.contains("own") === own &&
      now - Number(last.dataset.at) < SAME_BREATH_MS;

    const line = document.createElement("li");
    line.className = own ? "said own" : "said";
    line.dataset.testid = "message";
    line.dataset.from = name;
    line.dataset.at = now;
    if (goesOn) {
      line.classList.add("on");
    }
    const head = document.createElement("p");
    head.className = goesOn ? "unseen" : "by";
    const who = document.createElement("b");
    who.textContent = own ? `${name} (you)` : name;
    head.append(who, " ", timeOf(now));
    const text = document.createElement("p");
    text.className = "body";
    text.dir = "auto";
    text.dataset.testid = "message-body";
    text.textContent = body;
    line.append(goesOn ? document.createElement("span") : egg(name), head, text);
    this.#add(line);
    if (!own) {
      this.onMessage();
    }
  }

  /** Narrates. Kinds: in, out, crash, risen, closed, refused, wait. */
  note(kind, text) {
    const last = this.#paper.lastElementChild;
    if (kind === "refused" && last?.dataset.kind === kind && last.dataset.text === text) {
      return; // the same refusal, once more
    }
    const line = document.createElement("li");
    line.className = `note ${kind}`;
    line.dataset.testid = "note";
    line.dataset.kind = kind;
    line.dataset.text = text;
    const what = document.createElement("span");
    what.textContent = text;
    line.title = new Date().toLocaleTimeString();
    line.append(what);
    this.#add(line);
  }

  /** Everybody who is in the room; see people.js. */
  here(people) {
    this.#people.show(people);
  }

  typing(name) {
    clearTimeout(this.#typists.get(name));
    this.#typists.set(name, setTimeout(() => this.#forget(name), TYPING_LASTS_MS));
    this.#showTyping();
  }

  #forget(name) {
    if (this.#typists.has(name)) {
      clearTimeout(this.#typists.get(name));
      this.#typists.delete(name);
      this.#showTyping();
    }
  }

  #clearTyping() {
    for (const name of [...this.#typists.keys()]) {
      this.#forget(name);
    }
  }

  #showTyping() {
    const names = [...this.#typists.keys()];
    this.#people.typing(names);
    $("typing").classList.toggle("now", names.length > 0);
    $("typing").textContent =
      names.length === 0
        ? ""
        : names.length === 1
          ? `${names[0]} is typing`
          : names.length === 2
            ? `${names[0]} and ${names[1]} are typing`
            : `${names.length} people are typing`;
  }

  #state(which, state, words) {
    const light = $(`${which}-state`);
    const spoken = `${which} ${words}`;
    const news = light.dataset.state !== state;
    light.dataset.state = state;
    this.#states[which] = state;
    light.querySelector("b").textContent = words;
    if (which === "socket") {
      light.dataset.opens = this.#opens;
      light.dataset.rtt = this.#rtt;
      light.title = `opened ${this.#opens} time${this.#opens === 1 ? "" : "s"} by this page`;
    }
    if (news) {
      $("announcer").textContent = spoken;
    }
  }

  #add(line) {
    this.#paper.append(line);
    while (this.#paper.childElementCount > KEPT_ENTRIES) {
      this.#paper.firstElementChild.remove();
    }
    if (this.#atEnd || line.classList.contains("own")) {
      this.#toEnd();
    }
  }

  #toEnd() {
    this.#atEnd = true;
    $("paper").scrollTop = $("paper").scrollHeight;
  }
}

function timeOf(millis) {
  const time = document.createElement("time");
  const date = new Date(millis);
  time.dateTime = date.toISOString();
  time.textContent = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return time;
}
