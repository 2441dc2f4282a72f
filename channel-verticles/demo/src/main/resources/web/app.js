/** Wires the page: names, rooms, the chat, the board and their anatomy, over one phoenix.js socket. */

import { Anatomy } from "./anatomy.js";
import { BoardSession } from "./board-session.js";
import { Board } from "./board.js";
import { Chat } from "./chat.js";
import { Drawing } from "./drawing.js";
import { egg, randomName, rememberName, settleName } from "./names.js";
import { Session } from "./session.js";
import { tappedWebSocket } from "./tap.js";

const ROOMS = ["lobby", "phoenixes", "java"];
const TABS = ["chat", "board"];
const LONGEST_ROOM = 40;
const PENDING_SHOWN_AFTER_MS = 400;

const $ = (id) => document.getElementById(id);

let session;
let chat;
let board;
let boardSession;

async function start() {
  const phoenix = await loadPhoenix();
  if (!phoenix) {
    return;
  }
  const drawing = new Drawing();
  chat = new Chat(() => news("chat"));
  board = new Board(drawing, () => news("board"));
  const anatomy = new Anatomy((time) => chat.roundTrip(time));
  const name = await settleName(() => session?.name ?? "");
  session = new Session(phoenix, tappedWebSocket(anatomy), name, chat);
  boardSession = new BoardSession(session, drawing, board);
  board.use(boardSession);
  showName();
  wire();
  goToRoom();
  session.connect();
}

/** phoenix.js is not part of the sources; a build without Node.js lacks it. */
async function loadPhoenix() {
  try {
    return await import("./phoenix.mjs");
  } catch (error) {
    const found = await fetch("./phoenix.mjs").catch(() => null);
    $("missing-why").textContent = found?.ok
      ? `The node serves phoenix.mjs, but the browser could not use it: ${error.message}`
      : "This page speaks to the server through phoenix.js, and this node has none to serve.";
    $("missing-how").hidden = found?.ok === true;
    $("missing").hidden = false;
    $("app").hidden = true;
    $("status").hidden = true;
    return null;
  }
}

function wire() {
  addEventListener("hashchange", goToRoom);
  document.addEventListener("visibilitychange", () => session.away(document.hidden));

  $("enter").addEventListener("submit", (event) => {
    event.preventDefault();
    const room = $("room-input").value.trim();
    $("room-input").value = "";
    if (room) {
      location.hash = encodeURIComponent(room);
      $("body").focus();
    }
  });

  $("name").addEventListener("change", rename);
  $("name").addEventListener("keydown", ({ key, isComposing }) => {
    if (key === "Enter" && !isComposing) {
      $("body").focus(); // leaving the field is what renames
    } else if (key === "Escape") {
      showName();
    }
  });

  $("body").addEventListener("input", () => {
    fit();
    $("trouble").textContent = "";
    if ($("body").value.trim()) {
      session.typing();
    }
  });
  $("body").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      $("composer").requestSubmit();
    }
  });
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });

  for (const deed of ["crash", "stop"]) {
    $(deed).addEventListener("click", ({ currentTarget }) => {
      if (currentTarget.getAttribute("aria-disabled") !== "true") {
        session[deed]();
      }
    });
  }
  $("join-again").addEventListener("click", () => {
    session.enter(session.room);
    $("body").focus();
  });

  for (const tab of TABS) {
    $(`tab-${tab}`).addEventListener("click", () => turnTo(tab));
    $(`tab-${tab}`).addEventListener("keydown", ({ key }) => {
      if (key === "ArrowLeft" || key === "ArrowRight") {
        const other = TABS.find((each) => each !== tab);
        turnTo(other);
        $(`tab-${other}`).focus();
      }
    });
  }

  $("peek").addEventListener("click", () => sheet(!$("app").classList.contains("sheet-open")));
  addEventListener("keydown", ({ key }) => {
    if (key === "Escape") {
      sheet(false);
    }
  });
}

async function send() {
  const body = $("body").value;
  if (!body.trim()) {
    return;
  }
  $("body").value = "";
  fit();
  const room = session.room;
  const waiting = setTimeout(() => {
    $("trouble").textContent = "Waiting for the channel; your message goes out when it is back.";
    $("trouble").className = "trouble waits";
  }, PENDING_SHOWN_AFTER_MS);
  try {
    await session.send(body);
    settle(waiting);
  } catch (why) {
    settle(waiting);
    $("trouble").textContent = why;
    if (session.room === room && !$("body").value) {
      $("body").value = body;
      fit();
    }
  }
}

function settle(waiting) {
  clearTimeout(waiting);
  if ($("trouble").classList.contains("waits")) {
    $("trouble").textContent = "";
  }
  $("trouble").className = "trouble";
}

/** Lets the field grow with its text, up to the limit in style.css. */
function fit() {
  const field = $("body");
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}

function rename() {
  const name = $("name").value.trim();
  if (name === session.name) {
    showName();
    return;
  }
  const next = name || randomName();
  rememberName(next);
  session.rename(next);
  showName();
}

function showName() {
  $("name").value = session.name;
  $("own-egg").replaceChildren(egg(session.name));
}

function goToRoom() {
  let room = "";
  try {
    room = decodeURIComponent(location.hash.slice(1)).trim();
  } catch {
    // not an encoded name; the lobby will do
  }
  // The server closes sockets that ask for a topic over 1,024 bytes.
  room = [...room].slice(0, LONGEST_ROOM).join("") || ROOMS[0];
  listRooms(room);
  if (room !== session.room) {
    chat.show(room);
    session.enter(room);
    board.show(room);
    boardSession.enter(room);
  }
}

function listRooms(current) {
  if (!ROOMS.includes(current)) {
    ROOMS.push(current);
  }
  $("rooms").replaceChildren(
    ...ROOMS.map((room) => {
      const link = document.createElement("a");
      link.href = `#${encodeURIComponent(room)}`;
      link.textContent = room;
      link.dataset.testid = `room-${room}`;
      if (room === current) {
        link.setAttribute("aria-current", "page");
      }
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
  $("rooms").querySelector("[aria-current]").scrollIntoView({ block: "nearest" });
  $("second").href = location.pathname + location.search + `#${encodeURIComponent(current)}`;
}

/** On a narrow screen the chat and the board take turns. */
function turnTo(tab) {
  $("app").dataset.tab = tab;
  for (const each of TABS) {
    $(`tab-${each}`).setAttribute("aria-selected", String(each === tab));
    $(`tab-${each}`).tabIndex = each === tab ? 0 : -1;
  }
  $(`tab-${tab}`).classList.remove("news");
}

/** Something happened where the reader may not be looking. */
function news(tab) {
  $(`tab-${tab}`).classList.toggle("news", $("app").dataset.tab !== tab);
}

/** On a narrow screen the anatomy is a sheet over the rest. */
function sheet(open) {
  $("peek").setAttribute("aria-expanded", String(open));
  $("app").classList.toggle("sheet-open", open);
  $("peek-title").textContent = open ? "Back" : "Anatomy";
}

start();
