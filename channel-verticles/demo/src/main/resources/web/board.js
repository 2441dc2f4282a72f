/** What is seen of the board: the sheet, the inks, other people's hands, and whether it is there. */

import { HEIGHT, WIDTH } from "./drawing.js";
import { egg } from "./names.js";

const CURSOR_EVERY_MS = 50;
const CURSOR_LASTS_MS = 6000;
const NEXT_POINT = 3; // nearer than this to the last one, a point shows nothing new
const POINTS_OF_A_LINE = 500; // then the pen goes on with another: the server bounds lines

const STATE_WORDS = {
  joining: "joining",
  joined: "joined",
  rejoining: "lost, rejoining",
  waiting: "waiting for the socket",
  absent: "not deployed",
  refused: "refused",
  closed: "closed",
};

const $ = (id) => document.getElementById(id);

export class Board {
  #drawing;
  #session = null;
  #wasThere = false;
  #hands = new Map(); // hand → { element, timer }
  #inks = [];
  #ink = 0;
  #line = null; // the line being drawn: { id, pointer, last, points, length }
  #count = 0;
  #cursor = null; // where our hand is, until it is sent
  #cursorTimer = null;
  #due = false; // a repaint

  /** @param {() => void} onHand told of each sign of somebody else */
  constructor(drawing, onHand) {
    this.#drawing = drawing;
    this.onHand = onHand;
    this.#readInks();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#readInks();
      this.changed();
    });
    new ResizeObserver(() => this.#fit()).observe($("sheet"));
    $("inks").addEventListener("change", ({ target }) => (this.#ink = Number(target.value)));
  }

  /** Lets people draw. */
  use(session) {
    this.#session = session;
    const sheet = $("sheet");
    sheet.addEventListener("pointerdown", (event) => this.#down(event));
    sheet.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      sheet.addEventListener(end, (event) => this.#up(event));
    }
    $("wipe").addEventListener("click", () => {
      if (session.joined) {
        session.clear();
      }
    });
  }

  /** Turns to a room's board. */
  show(room) {
    $("board-topic").textContent = `board:${room}`;
  }

  /* The view of board-session.js. */

  state(state, reason) {
    const light = $("board-state");
    const joined = state === "joined";
    light.dataset.state = state;
    light.querySelector("b").textContent = STATE_WORDS[state];
    $("sheet").classList.toggle("usable", joined);
    $("wipe").setAttribute("aria-disabled", String(!joined));
    this.#wasThere ||= joined;
    const words = this.#explain(state, reason);
    $("absent").hidden = !words;
    $("absent-why").textContent = words;
    if (!joined) {
      this.#line = null;
    }
  }

  #explain(state, reason) {
    switch (state) {
      case "absent":
        return this.#wasThere
          ? "The board is not deployed any more: it comes back as soon as its node is up."
          : "The board is not deployed yet: it appears as soon as its node is up.";
      case "refused":
        return `The board refused to let you in: ${reason}. Trying again…`;
      case "rejoining":
        return "The board was lost: it crashed, or its node went away. Rejoining…";
      case "waiting":
        return "The board waits for the socket.";
      case "closed":
        return "The server closed the board.";
      default:
        return "";
    }
  }

  /** The drawing is not what it was. */
  changed() {
    if (!this.#due) {
      this.#due = true;
      requestAnimationFrame(() => this.#frame());
    }
  }

  cursor({ hand, name, x, y }) {
    const known = this.#hands.get(hand);
    if (known?.name !== name) {
      this.gone(hand);
    }
    const element = this.#hands.get(hand)?.element ?? handOf(name);
    clearTimeout(this.#hands.get(hand)?.timer);
    element.style.left = `${(x / WIDTH) * 100}%`;
    element.style.top = `${(y / HEIGHT) * 100}%`;
    element.classList.toggle("flip", x > WIDTH * 0.6);
    if (!element.isConnected) {
      $("hands").append(element);
    }
    const timer = setTimeout(() => this.gone(hand), CURSOR_LASTS_MS);
    this.#hands.set(hand, { element, name, timer });
    this.onHand();
  }

  gone(hand) {
    const { element, timer } = this.#hands.get(hand) ?? {};
    clearTimeout(timer);
    element?.remove();
    this.#hands.delete(hand);
  }

  alone() {
    [...this.#hands.keys()].forEach((hand) => this.gone(hand));
  }

  /* Painting: all of it, at most once in an animation frame. */

  #frame() {
    this.#flush();
    this.#due = false;
    const canvas = $("canvas");
    const context = canvas.getContext("2d");
    const scale = canvas.width / WIDTH;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    this.#drawing.paint(context, this.#inks);
    const { lines } = this.#drawing;
    const words = lines === 0 ? "empty" : lines === 1 ? "1 line" : `${lines} lines`;
    $("lines").textContent = words;
    canvas.setAttribute("aria-label", `The drawing: ${words}`);
    $("sheet").classList.toggle("empty", lines === 0 && this.#line === null);
  }

  #fit() {
    const canvas = $("canvas");
    const pixels = Math.round($("sheet").clientWidth * devicePixelRatio);
    if (pixels > 0 && pixels !== canvas.width) {
      canvas.width = pixels;
      canvas.height = Math.round((pixels * HEIGHT) / WIDTH);
      this.#frame();
    }
  }

  #readInks() {
    this.#inks = [...document.querySelectorAll("#inks input")].map((input) =>
      getComputedStyle(input.parentElement).getPropertyValue("--ink-here"),
    );
  }

  /* Drawing: what the pen does between two animation frames goes out as one piece. */

  #down(event) {
    if (!this.#session.joined || this.#line || event.button !== 0) {
      return;
    }
    event.preventDefault();
    $("sheet").setPointerCapture(event.pointerId);
    this.#begin(event.pointerId);
    this.#draw(event);
  }

  #begin(pointer) {
    const id = `${this.#session.hand}-${++this.#count}`;
    this.#line = { id, pointer, last: null, points: [], length: 0 };
  }

  #move(event) {
    if (!this.#session.joined) {
      return;
    }
    if (this.#line?.pointer === event.pointerId) {
      const all = event.getCoalescedEvents?.() ?? [];
      (all.length > 0 ? all : [event]).forEach((each) => this.#draw(each));
    }
    if (event.isPrimary) {
      this.#cursor = at(event);
      this.#cursorTimer ??= setTimeout(() => this.#sendCursor(), CURSOR_EVERY_MS);
    }
  }

  #up({ pointerId }) {
    if (this.#line?.pointer === pointerId) {
      this.#flush();
      this.#line = null;
    }
  }

  #draw(event) {
    const [x, y] = at(event);
    const line = this.#line;
    if (line.last && Math.hypot(x - line.last[0], y - line.last[1]) < NEXT_POINT) {
      return;
    }
    if (line.length >= POINTS_OF_A_LINE) {
      this.#flush();
      this.#begin(line.pointer);
      this.#line.points.push(...line.last);
    }
    this.#line.points.push(x, y);
    this.#line.length += 1;
    this.#line.last = [x, y];
    this.changed();
  }

  #flush() {
    const line = this.#line;
    if (line && line.points.length > 0 && this.#session.joined) {
      const points = line.points;
      line.points = [];
      this.#session.draw({ id: line.id, ink: this.#ink, points });
    }
  }

  #sendCursor() {
    this.#cursorTimer = null;
    if (this.#session.joined) {
      this.#session.cursor(...this.#cursor);
    }
  }
}

/** Where on the sheet this happened, within its bounds. */
function at({ clientX, clientY }) {
  const box = $("canvas").getBoundingClientRect();
  const within = (value, size) => Math.min(size, Math.max(0, Math.round(value)));
  return [
    within(((clientX - box.left) / box.width) * WIDTH, WIDTH),
    within(((clientY - box.top) / box.height) * HEIGHT, HEIGHT),
  ];
}

function handOf(name) {
  const element = document.createElement("div");
  element.className = "hand";
  element.dataset.testid = "hand";
  const label = document.createElement("span");
  label.textContent = name;
  element.append(egg(name), label);
  return element;
}
