/**
 * The panel that lays frames open: a map with each frame travelling across it, one frame in detail
 * (the newest, or the one picked), and the list of the last 200, newest on top. Of a burst (a pen
 * draws, a hand moves) the list keeps the last frame, and how many there were. What crosses during a
 * pause is shown after it, the last 200.
 */

import { duration, FrameReader, isHeartbeat } from "./frames.js";
import { explain, isRapid, remarks, STATIONS } from "./stations.js";

const KEPT_FRAMES = 200;
const TRAVEL_MS = 750;
const TRAVELLERS = 8;
const TRAVELLERS_OF_A_BURST = 3;
const BURST_GAP_MS = 1000;

const FIELDS = [
  ["join_ref", "joinRef"],
  ["ref", "ref"],
  ["topic", "topic"],
  ["event", "event"],
];

const $ = (id) => document.getElementById(id);

export class Anatomy {
  #reader = new FrameReader();
  #frames = new Map(); // number → frame, oldest first
  #newest = null;
  #picked = null;
  #hovered = null;
  #paused = false;
  #heldBack = []; // frames, and texts of marks, oldest first
  #heldFrames = 0;
  #opens = 0;
  #bursts = new Map(); // direction and event → { row, frame, count, stale }
  #refreshing = false;
  #onHeartbeat;
  #still = matchMedia("(prefers-reduced-motion: reduce)");

  /** @param {(text: string) => void} onHeartbeat told how long each heartbeat took */
  constructor(onHeartbeat) {
    this.#onHeartbeat = onHeartbeat;
    $("pause").addEventListener("click", () => this.#pause(!this.#paused));
    $("clear").addEventListener("click", () => this.#clear());
    $("show-heartbeats").addEventListener("change", ({ target }) => {
      $("frames").classList.toggle("without-heartbeats", !target.checked);
    });
    $("frames").addEventListener("click", ({ target }) => this.#pick(frameAt(target)));
    $("frames").addEventListener("pointerover", ({ target, pointerType }) => {
      if (pointerType === "mouse") {
        this.#hover(frameAt(target));
      }
    });
    $("frames").addEventListener("pointerleave", () => this.#hover(null));
    this.#detail();
  }

  /* The observer of tap.js. */

  opened() {
    this.#reader.reset();
    this.#opens += 1;
    this.#mark(this.#opens === 1 ? "WebSocket opened" : `WebSocket opened, time ${this.#opens}`);
  }

  closed(code) {
    this.#mark(`WebSocket closed, code ${code}`);
  }

  frame(direction, data) {
    const frame = this.#reader.read(direction, data);
    frame.path = explain(frame);
    if (frame.kind === "heartbeatReply" && frame.answers) {
      this.#onHeartbeat(duration(frame.answers.ms));
    }
    if (this.#paused) {
      this.#heldFrames += 1;
      this.#holdBack(frame);
    } else {
      this.#show(frame);
    }
  }

  #show(frame) {
    if (isRapid(frame) && this.#goesOn(frame)) {
      return;
    }
    this.#frames.set(frame.no, frame);
    const row = rowOf(frame);
    this.#put(row);
    if (isRapid(frame)) {
      this.#bursts.set(burstOf(frame), { row, frame, count: 1, stale: false });
    }
    if (this.#frames.size > KEPT_FRAMES) {
      this.#frames.delete(this.#frames.keys().next().value);
    }
    if (!isHeartbeat(frame) || $("show-heartbeats").checked) {
      this.#newest = frame;
      this.#travel(frame);
      $("peek-last").replaceChildren(...peekOf(frame));
      if (this.#picked === null && this.#hovered === null) {
        this.#detail();
      }
    }
  }

  /* Whether a row of this burst is there to take the frame in; a row that is read stays as it is. */
  #goesOn(frame) {
    const burst = this.#bursts.get(burstOf(frame));
    const read = [this.#picked, this.#hovered].includes(burst?.frame.no);
    if (!burst?.row.isConnected || read || frame.clock - burst.frame.clock > BURST_GAP_MS) {
      return false;
    }
    this.#frames.delete(burst.frame.no);
    this.#frames.set(frame.no, frame);
    this.#newest = burst.frame = frame;
    burst.count += 1;
    burst.stale = true;
    if (!this.#refreshing) {
      this.#refreshing = true;
      requestAnimationFrame(() => this.#refresh());
    }
    return true;
  }

  #refresh() {
    this.#refreshing = false;
    for (const burst of this.#bursts.values()) {
      if (burst.stale) {
        const row = rowOf(burst.frame, burst.count);
        burst.row.replaceWith(row);
        Object.assign(burst, { row, stale: false });
        if ($("lane").childElementCount < TRAVELLERS_OF_A_BURST) {
          this.#travel(burst.frame);
        }
      }
    }
    if (this.#newest) {
      $("peek-last").replaceChildren(...peekOf(this.#newest));
    }
    if (this.#picked === null && this.#hovered === null) {
      this.#detail();
    }
  }

  #mark(text) {
    if (this.#paused) {
      this.#holdBack(text);
      return;
    }
    const row = document.createElement("li");
    row.className = "mark";
    row.textContent = text;
    this.#put(row);
  }

  #put(row) {
    const list = $("frames");
    // A reader who has scrolled down keeps the place; at the top the list runs on.
    const place = list.scrollTop;
    list.prepend(row);
    if (place > 8) {
      list.scrollTop = place + row.offsetHeight;
    }
    while (list.childElementCount > KEPT_FRAMES) {
      list.lastElementChild.remove();
    }
  }

  #holdBack(frameOrText) {
    this.#heldBack.push(frameOrText);
    if (this.#heldBack.length > KEPT_FRAMES) {
      this.#heldBack.shift();
    }
    this.#pauseWords();
  }

  #pause(paused) {
    this.#paused = paused;
    $("pause").setAttribute("aria-pressed", String(paused));
    const held = this.#heldBack;
    const crossed = this.#heldFrames;
    this.#holdNothing();
    const shown = held.filter((one) => typeof one !== "string").length;
    if (crossed > shown) {
      this.#mark(`paused: of ${crossed} frames the last ${shown} are kept`);
    }
    for (const one of held) {
      if (typeof one === "string") {
        this.#mark(one);
      } else {
        this.#show(one);
      }
    }
  }

  #holdNothing() {
    this.#heldBack = [];
    this.#heldFrames = 0;
    this.#pauseWords();
  }

  #pauseWords() {
    const words = this.#paused ? "Resume" : "Pause";
    $("pause").textContent = this.#heldFrames > 0 ? `${words} (${this.#heldFrames})` : words;
  }

  #clear() {
    this.#holdNothing();
    this.#frames.clear();
    this.#newest = this.#picked = this.#hovered = null;
    $("frames").replaceChildren();
    this.#detail();
  }

  #pick(no) {
    if (no === null) {
      return;
    }
    this.#picked = this.#picked === no ? null : no;
    for (const button of $("frames").querySelectorAll("button")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.no) === this.#picked));
    }
    this.#detail();
  }

  #hover(no) {
    if (no !== this.#hovered) {
      this.#hovered = no;
      this.#detail();
    }
  }

  #detail() {
    const frame = this.#frames.get(this.#hovered) ?? this.#frames.get(this.#picked) ?? this.#newest;
    const follows = frame === this.#newest && this.#picked === null && this.#hovered === null;
    $("detail").replaceChildren(...(frame ? detailOf(frame, follows) : [nothingYet()]));
    const on = new Set(frame?.path.steps.map(({ station }) => station));
    for (const station of $("map").querySelectorAll("li")) {
      station.classList.toggle("on", on.has(station.dataset.station));
      station.classList.toggle("by", station.dataset.station === frame?.path.handledBy);
    }
  }

  /* A dot runs from the frame's first station to its last. */
  #travel({ path }) {
    const lane = $("lane");
    if (this.#still.matches || document.hidden || lane.childElementCount >= TRAVELLERS) {
      return;
    }
    const inwards = path.steps.map(({ station }) => STATIONS.indexOf(station));
    const at = (index) => ({ left: `${(index / (STATIONS.length - 1)) * 100}%` });
    const dot = document.createElement("i");
    dot.dataset.station = path.handledBy;
    lane.append(dot);
    const legs = Math.max(1, inwards.length - 1);
    dot
      .animate(inwards.map(at), { duration: (TRAVEL_MS * legs) / 3 + 120, easing: "ease-in-out" })
      .finished.finally(() => dot.remove());
  }
}

const frameAt = (target) => {
  const button = target.closest("button[data-no]");
  return button ? Number(button.dataset.no) : null;
};

/** Writes a field as JSON does, so that `null` and `"3"` can be told apart. */
const json = (value) => JSON.stringify(value) ?? "";

function element(name, className, ...children) {
  const made = document.createElement(name);
  if (className) {
    made.className = className;
  }
  made.append(...children);
  return made;
}

function unseen(text) {
  return element("span", "unseen", text);
}

/** Text in which backticks mark code. */
function marked(text) {
  return text.split("`").map((part, i) => (i % 2 === 1 ? element("code", "", part) : part));
}

function arrow(direction) {
  const mark = element("span", `dir ${direction}`, direction === "up" ? "↑" : "↓");
  mark.setAttribute("aria-hidden", "true");
  return mark;
}

function chips(frame) {
  const chain = element("span", "chain");
  frame.path.steps.forEach(({ station }, i) => {
    if (i > 0) {
      const to = element("span", "to", "→");
      to.setAttribute("aria-hidden", "true");
      chain.append(to);
    }
    chain.append(chip(station, frame));
  });
  return chain;
}

/** A station's name in its colour, filled where the frame was handled. */
function chip(station, { path }) {
  const made = element("span", station === path.handledBy ? "chip by" : "chip", station);
  made.dataset.station = station;
  return made;
}

const burstOf = ({ direction, fields }) => `${direction} ${fields.topic} ${fields.event}`;

function rowOf(frame, count = 1) {
  const row = element("li", isHeartbeat(frame) ? "heartbeat" : "");
  const button = element("button");
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  Object.assign(button.dataset, {
    no: frame.no,
    testid: "frame",
    dir: frame.direction,
    kind: frame.kind,
    handledBy: frame.path.handledBy,
  });
  button.append(
    arrow(frame.direction),
    unseen(frame.direction === "up" ? "client to server, " : "server to client, "),
  );
  if (frame.fields) {
    button.dataset.event = frame.fields.event;
    for (const [label, key] of FIELDS) {
      const value = frame.fields[key];
      const cell = element("span", `cell ${label}`, unseen(`${label} `), shown(label, value));
      if (value === null) {
        cell.classList.add("null");
      }
      button.append(cell);
    }
    const payload = json(frame.fields.payload);
    button.append(element("span", "cell payload", unseen("payload "), payload.slice(0, 200)));
  } else {
    button.append(element("span", "cell payload wide", `${frame.raw}, ${frame.bytes} bytes`));
  }
  const answers = frame.answers
    ? element("span", "answers", `answers ${frame.answers.event}, ${duration(frame.answers.ms)}`)
    : count > 1
      ? element("span", "answers burst", `the last of ${count}`)
      : "";
  button.append(element("span", "under", chips(frame), answers));
  row.append(button);
  return row;
}

/** Refs keep their quotes (a string is not a number); topic and event read better without. */
const shown = (label, value) => (label.endsWith("ref") ? json(value) : String(value));

function detailOf(frame, follows) {
  const title = element("b", "", frame.path.title);
  title.dataset.testid = "detail-title";
  const which = `frame ${frame.no}, ${frame.bytes} bytes${follows ? ", the newest" : ""}`;
  const head = element("p", "what", arrow(frame.direction), title, element("span", "nth", which));

  const parts = [head];
  if (frame.fields) {
    const why = remarks(frame);
    const list = element("dl", "fields");
    for (const [label, key] of FIELDS) {
      const value = frame.fields[key];
      list.append(field(label, shown(label, value), why[key], value === null));
    }
    list.append(field("payload", json(frame.fields.payload)));
    parts.push(list);
  }

  const steps = element("ol", "steps");
  for (const { station, text } of frame.path.steps) {
    steps.append(element("li", "", chip(station, frame), element("span", "text", ...marked(text))));
  }
  const raw = element("code", "raw", frame.raw);
  raw.dataset.testid = "raw";
  raw.tabIndex = 0;
  raw.setAttribute("aria-label", "The frame as it crossed");
  parts.push(raw, steps);
  return parts;
}

function field(label, value, why = "", isNull = false) {
  const name = element("dt", "", label);
  const content = element("dd", isNull ? "null" : "", value);
  content.dataset.testid = `field-${label}`;
  content.title = value;
  const box = element("div", `field ${label}`, name, content);
  if (why) {
    box.append(element("dd", "why", why));
  }
  return box;
}

function peekOf(frame) {
  return [arrow(frame.direction), frame.fields?.event ?? frame.raw, chips(frame)];
}

function nothingYet() {
  return element("p", "none", "No frame has crossed yet.");
}
