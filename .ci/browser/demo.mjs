/**
 * Drives the demo page in Chromium, as two people in two windows, against a running node.
 *
 *   npm ci && node demo.mjs http://localhost:4000
 *
 * Prints one PASS or FAIL line per check and exits non-zero when one failed. The environment:
 *
 *   CHROMIUM      the browser's executable; by default the usual places are tried
 *   SCREENSHOTS   a directory for pictures: the page in its states, and each failure
 *   ROOM          an empty room to meet in; by default one nobody has used
 *   LIMIT_MS      how long a condition is awaited; default 15000
 *   ROOST         the command that starts a node, for the check that deploys the board later;
 *                 without it that one check is skipped
 *
 * What crossed the wire is taken from the browser itself, not from the page, so the page's own
 * account of it is checked too.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { chromium } from "playwright-core";

const base = process.argv[2];
if (!base) {
  console.error("usage: node demo.mjs BASE_URL");
  process.exit(2);
}

const LIMIT_MS = Number(process.env.LIMIT_MS ?? 15_000);
const SCREENSHOTS = process.env.SCREENSHOTS;
const ROOM = process.env.ROOM ?? `check-${Date.now().toString(36)}`;
const TOPIC = `room:${ROOM}`;
const BOARD = `board:${ROOM}`;
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = {
  viewport: { width: 375, height: 740 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};

const executablePath =
  process.env.CHROMIUM ??
  [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ].find(existsSync);
if (!executablePath) {
  console.error("No Chromium found; name its executable in CHROMIUM.");
  process.exit(2);
}
if (SCREENSHOTS) {
  mkdirSync(SCREENSHOTS, { recursive: true });
}

/** One person at one window, in a browser context of its own. */
class Window {
  static all = [];

  wire = []; // [direction, [join_ref, ref, topic, event, payload]] as they crossed
  socketsOpened = 0;
  socketsClosed = 0;
  complaints = [];

  static async open(browser, name, options = DESKTOP, url = base) {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(LIMIT_MS);
    await context.addInitScript((n) => localStorage.setItem("roost.name", n), name);
    const window = new Window();
    window.name = name;
    window.page = await context.newPage();
    Window.all.push(window);
    window.#listen();
    await window.page.goto(`${url.replace(/\/$/, "")}/#${ROOM}`);
    return window;
  }

  #listen() {
    this.page.on("websocket", (socket) => {
      this.socketsOpened += 1;
      socket.on("close", () => (this.socketsClosed += 1));
      socket.on("framesent", ({ payload }) => this.wire.push(["up", JSON.parse(payload)]));
      socket.on("framereceived", ({ payload }) => this.wire.push(["down", JSON.parse(payload)]));
    });
    this.page.on("pageerror", (error) => this.complaints.push(`${this.name}: ${error}`));
    this.page.on("console", (message) => {
      if (message.type() === "error") {
        this.complaints.push(`${this.name}: ${message.text()}`);
      }
    });
  }

  get(id) {
    return this.page.locator(`[data-testid="${id}"]`);
  }

  /** Frames that crossed, by direction and event. */
  crossed(direction, event, topic = TOPIC) {
    return this.wire
      .filter(([d, [, , t, e]]) => d === direction && t === topic && e === event)
      .map(([, fields]) => fields);
  }

  async channelIs(state) {
    await this.page.locator(`[data-testid="channel-state"][data-state="${state}"]`).waitFor();
  }

  async socketIs(state) {
    await this.page.locator(`[data-testid="socket-state"][data-state="${state}"]`).waitFor();
  }

  async boardIs(state) {
    await this.page
      .locator(`[data-testid="board-state"][data-state="${state}"]`)
      .waitFor({ state: "attached" });
  }

  /** Where a point of the board is in the window; x and y are parts of its width and height. */
  async onTheSheet([x, y]) {
    const box = await this.get("canvas").boundingBox();
    return [box.x + x * box.width, box.y + y * box.height];
  }

  /** Draws a line through these points with the mouse. */
  async draws(...points) {
    const { mouse } = this.page;
    const [first, ...rest] = points;
    await mouse.move(...(await this.onTheSheet(first)));
    await mouse.down();
    for (const point of rest) {
      await mouse.move(...(await this.onTheSheet(point)), { steps: 12 });
    }
    await mouse.up();
  }

  async showsLines(words) {
    await this.get("lines").getByText(words, { exact: true }).waitFor({ state: "attached" });
  }

  /** Whether there is ink within a hair's breadth of a point. */
  inkAt([x, y]) {
    return this.get("canvas").evaluate(
      (canvas, [px, py]) => {
        const reach = 3;
        const left = Math.round(px * canvas.width) - reach;
        const top = Math.round(py * canvas.height) - reach;
        const { data } = canvas
          .getContext("2d")
          .getImageData(left, top, 2 * reach + 1, 2 * reach + 1);
        return data.some((value, i) => i % 4 === 3 && value > 0);
      },
      [x, y],
    );
  }

  /** All pixels of the board. */
  canvas() {
    return this.get("canvas").evaluate((canvas) => canvas.toDataURL());
  }

  async say(text) {
    await this.get("body").fill(text);
    await this.get("body").press("Enter");
  }

  async sees(from, text) {
    const message = this.page.locator(`[data-testid="message"][data-from="${from}"]`);
    await message.getByText(text, { exact: true }).waitFor();
  }

  /** Awaits that these people are shown as being here, and nobody else: name → "state ×devices". */
  async showsHere(expected) {
    const shown = () =>
      this.page
        .locator('[data-testid="person"]')
        .evaluateAll((chips) =>
          Object.fromEntries(
            chips.map(({ dataset }) => [dataset.name, `${dataset.state} x${dataset.devices}`]),
          ),
        );
    const end = Date.now() + LIMIT_MS;
    for (;;) {
      const people = await shown();
      try {
        assert.deepEqual(people, expected);
        return;
      } catch (error) {
        if (Date.now() > end) {
          throw error;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Hides the window from its person, or shows it again. */
  async isHidden(hidden) {
    await this.page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  }

  /** What the anatomy says of the newest frame of this kind, by a click on its row. */
  async anatomyOf(kind, more = "") {
    const row = this.page.locator(`[data-testid="frame"][data-kind="${kind}"]${more}`).first();
    await row.click();
    const texts = (selector) => this.get("frame-detail").locator(selector).allTextContents();
    const told = {
      title: await this.get("detail-title").textContent(),
      handledBy: await row.getAttribute("data-handled-by"),
      steps: await texts(".steps .text"),
      fields: await texts('[data-testid^="field-"]'),
      raw: JSON.parse(await this.get("raw").textContent()),
    };
    await row.click();
    return told;
  }

  async narrates(kind, text) {
    const notes = this.page.locator(`[data-testid="note"][data-kind="${kind}"]`);
    await notes.getByText(text).last().waitFor();
  }

  async picture(name) {
    if (SCREENSHOTS) {
      await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
    }
  }

  async fitsItsWidth() {
    const { wide, room } = await this.page.evaluate(() => ({
      wide: Math.max(document.documentElement.scrollWidth, document.body.scrollWidth),
      room: document.documentElement.clientWidth,
    }));
    assert.ok(wide <= room, `the page is ${wide}px wide in ${room}px`);
  }
}

/** A node of our own. */
class Node {
  static async start(port, ...options) {
    const node = new Node();
    node.url = `http://127.0.0.1:${port}`;
    node.process = spawn(process.env.ROOST, ["--port", String(port), ...options], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const end = Date.now() + 4 * LIMIT_MS;
    while (!(await fetch(node.url).catch(() => null))?.ok) {
      assert.equal(node.process.exitCode, null, "the node has ended");
      assert.ok(Date.now() < end, `no node answers at ${node.url}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return node;
  }

  async stop() {
    if (this.process.exitCode === null) {
      this.process.kill("SIGTERM");
      await once(this.process, "exit");
    }
  }
}

/** Below the ports of outgoing connections, so that none takes it while its node is restarted. */
async function freePort() {
  for (let port = 4110; port < 4200; port += 1) {
    const server = createServer();
    const free = await new Promise((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, () => server.close(() => resolve(true)));
    });
    if (free) {
      return port;
    }
  }
  throw new Error("no free port from 4110 to 4199");
}

let failed = 0;

async function check(what, body) {
  try {
    await body();
    console.log(`PASS ${what}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${what}\n     ${String(error.message).split("\n").join("\n     ")}`);
    for (const window of Window.all) {
      const name = `failure-${failed}-${window.name.replaceAll(" ", "-")}`;
      await window.picture(name).catch(() => {});
    }
  }
}

/** Awaits that windows of one size show the same board, pixel by pixel. */
async function sameBoards(...windows) {
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const [first, ...rest] = await Promise.all(windows.map((window) => window.canvas()));
    if (rest.every((other) => other === first)) {
      return;
    }
    assert.ok(Date.now() < end, "the windows show different boards");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Awaits a condition on what has crossed the wire. */
async function until(what, condition) {
  const end = Date.now() + LIMIT_MS;
  while (!condition()) {
    assert.ok(Date.now() < end, `not within ${LIMIT_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

let heron;
let wren;

try {
  await check("two windows join the same room", async () => {
    heron = await Window.open(browser, "Quiet Heron");
    wren = await Window.open(browser, "Speckled Wren");
    for (const window of [heron, wren]) {
      await window.socketIs("open");
      await window.channelIs("joined");
      await window.narrates("in", `You joined as ${window.name}.`);
    }
    assert.equal(await heron.get("room-topic").textContent(), TOPIC);
  });

  await check("each sees who is here, and who is away", async () => {
    for (const window of [heron, wren]) {
      await window.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "here x1" });
    }
    await wren.isHidden(true);
    await heron.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "away x1" });
    await heron.picture("away");
    await wren.isHidden(false);
    await heron.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "here x1" });
  });

  await check("one person on two devices is one person, until the last is closed", async () => {
    const phone = await Window.open(browser, "Speckled Wren", PHONE);
    await heron.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "here x2" });
    await phone.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "here x2" });
    await phone.isHidden(true);
    await phone.fitsItsWidth();
    await phone.picture("here-on-a-phone");
    await heron.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "here x2" });
    await phone.page.context().close();
    Window.all.pop();
    await heron.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "here x1" });
  });

  await check("they chat both ways, and each sees its own words", async () => {
    await heron.say("Morning! Is anyone up?");
    await heron.sees("Quiet Heron", "Morning! Is anyone up?");
    await wren.sees("Quiet Heron", "Morning! Is anyone up?");
    await wren.say("Always.");
    await wren.sees("Speckled Wren", "Always.");
    await heron.sees("Speckled Wren", "Always.");
  });

  await check("who goes by your name is not shown as you", async () => {
    const cuckoo = await Window.open(browser, "Quiet Heron");
    await cuckoo.channelIs("joined");
    const words = "Trust me, I am the heron.";
    await heron.say("So am I.");
    await heron.sees("Quiet Heron", "So am I.");
    await cuckoo.sees("Quiet Heron", "So am I.");
    await cuckoo.say(words);
    await heron.sees("Quiet Heron", words);
    await cuckoo.sees("Quiet Heron", words);
    const headings = (window) =>
      window.page
        .locator('[data-testid="message"] b')
        .evaluateAll((all) => all.slice(-2).map((head) => head.textContent));
    assert.deepEqual(await headings(heron), ["Quiet Heron (you)", "Quiet Heron"]);
    assert.deepEqual(await headings(cuckoo), ["Quiet Heron", "Quiet Heron (you)"]);
    await cuckoo.page.context().close();
    Window.all.pop();
    await heron.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "here x1" });
  });

  await check("what is typed stays text", async () => {
    const text = `<img src=x onerror="document.title='broken'"> & <b>bold</b>`;
    await wren.say(text);
    await heron.sees("Speckled Wren", text);
    assert.equal(await heron.page.locator('[data-testid="message-body"] *').count(), 0);
    assert.notEqual(await heron.page.title(), "broken");
  });

  await check("typing shows in the other window only", async () => {
    const before = wren.crossed("up", "typing").length;
    await wren.get("body").pressSequentially("hm");
    await heron.get("typing").getByText("Speckled Wren is typing").waitFor();
    await heron.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "typing x1" });
    assert.equal(await wren.get("typing").textContent(), "");
    assert.equal(wren.crossed("up", "typing").length, before + 1, "two keys, one event");
    await wren.say("It is quiet here.");
    await heron.sees("Speckled Wren", "It is quiet here.");
    assert.equal(await heron.get("typing").textContent(), "", "a message ends the typing");
    const echoes = wren.crossed("down", "typing").filter((frame) => frame[4].name === wren.name);
    assert.deepEqual(echoes, [], "broadcastFrom leaves out the sender");
  });

  await check("the anatomy shows the join frame with its five fields, as it crossed", async () => {
    await heron.page.locator('[data-testid="frame"][data-kind="join"]').last().click();
    const [sent] = heron.crossed("up", "phx_join");
    assert.deepEqual(sent.slice(2), [TOPIC, "phx_join", { name: "Quiet Heron" }]);
    const fields = ["join_ref", "ref", "topic", "event", "payload"];
    const shown = await Promise.all(
      fields.map((field) => heron.get(`field-${field}`).textContent()),
    );
    assert.deepEqual(shown, [
      JSON.stringify(sent[0]),
      JSON.stringify(sent[1]),
      sent[2],
      sent[3],
      JSON.stringify(sent[4]),
    ]);
    assert.deepEqual(JSON.parse(await heron.get("raw").textContent()), sent);
    await heron.get("frame-detail").getByText("mod 256").waitFor();
    await heron.picture("anatomy-join");
    await heron.page.locator('[data-testid="frame"][aria-pressed="true"]').click();
  });

  await check("the anatomy says which part handled a frame", async () => {
    const handled = (kind, by) =>
      heron.page
        .locator(`[data-testid="frame"][data-kind="${kind}"][data-handled-by="${by}"]`)
        .first()
        .waitFor();
    await handled("heartbeat", "gateway");
    await handled("heartbeatReply", "gateway");
    await handled("joinReply", "host");
    await handled("event", "channel");
    await handled("reply", "channel");
    await handled("broadcast", "host");
  });

  await check("broadcasts have null refs, replies repeat theirs", async () => {
    for (const [joinRef, ref] of heron.crossed("down", "new_msg")) {
      assert.deepEqual([joinRef, ref], [null, null]);
    }
    const [sent] = heron.crossed("up", "new_msg");
    const reply = heron.crossed("down", "phx_reply").find(([, ref]) => ref === sent[1]);
    assert.deepEqual(reply, [
      sent[0],
      sent[1],
      TOPIC,
      "phx_reply",
      { status: "ok", response: {} },
    ]);
  });

  await check("a message that is too long is refused with a reason, and kept", async () => {
    await heron.say("x".repeat(2001));
    await heron.get("trouble").getByText("The server refused it").waitFor();
    assert.equal((await heron.get("body").inputValue()).length, 2001);
    await heron.get("body").fill("");
  });

  await check("a crash is told, and the channel rejoins on the same socket", async () => {
    await heron.get("crash").click();
    await heron.narrates("crash", "The channel crashed. The socket stayed up. Rejoining…");
    await heron.picture("crashed");
    await heron.narrates("risen", /^Rejoined after \d+\.\d s\.$/);
    await heron.channelIs("joined");
    for (const window of [heron, wren]) {
      await window.showsHere({ "Quiet Heron": "here x1", "Speckled Wren": "here x1" });
    }
    const [error] = heron.crossed("down", "phx_error");
    const joins = heron.crossed("up", "phx_join");
    assert.equal(joins.length, 2);
    assert.equal(error[0], joins[0][0], "phx_error carries the join_ref of the crashed join");
    assert.notEqual(joins[0][0], joins[1][0], "the rejoin has a new join_ref");
  });

  await check("after the crash they chat on", async () => {
    await heron.say("Back already.");
    await wren.sees("Quiet Heron", "Back already.");
    await wren.say("I hardly noticed.");
    await heron.sees("Speckled Wren", "I hardly noticed.");
  });

  await check("no socket was closed, each was opened once", async () => {
    for (const window of [heron, wren]) {
      assert.deepEqual([window.socketsOpened, window.socketsClosed], [1, 0], window.name);
      assert.equal(await window.get("socket-state").getAttribute("data-opens"), "1");
    }
    assert.equal(wren.crossed("up", "phx_join").length, 1, "the other channel was not touched");
    assert.equal(wren.crossed("down", "phx_error").length, 0);
  });

  await check("a message written during a crash goes out after the rejoin", async () => {
    await wren.get("crash").click();
    await wren.channelIs("rejoining");
    await wren.say("Written while down.");
    await heron.sees("Speckled Wren", "Written while down.");
    await wren.channelIs("joined");
  });

  await check("a stopped channel is closed and stays closed", async () => {
    await heron.get("stop").click();
    await heron.channelIs("closed");
    await heron.narrates("closed", "The server stopped the channel");
    await heron.get("join-again").waitFor();
    assert.equal(await heron.get("composer").isVisible(), false);
    assert.equal(heron.crossed("down", "phx_close").length, 1);
    await heron.picture("stopped");
  });

  await check("Join again works, on the same socket", async () => {
    const before = heron.crossed("up", "phx_join").length;
    await heron.get("join-again").click();
    await heron.channelIs("joined");
    await heron.say("And here again.");
    await wren.sees("Quiet Heron", "And here again.");
    assert.equal(heron.crossed("up", "phx_join").length, before + 1, "nothing rejoined by itself");
    assert.equal(heron.socketsOpened, 1);
  });

  await check("another name is joined anew, another room is left and entered", async () => {
    await wren.get("name").fill("Late Lark");
    await wren.get("name").press("Enter");
    await wren.narrates("in", "You joined as Late Lark.");
    await wren.say("It is me.");
    await heron.sees("Late Lark", "It is me.");
    const other = `${ROOM}-b`;
    await wren.get("room-input").fill(other);
    await wren.get("room-input").press("Enter");
    await until("the join of the other room", () =>
      wren.crossed("down", "phx_reply", `room:${other}`).some(([, , , , p]) => p.status === "ok"),
    );
    await wren.get(`room-${ROOM}`).click();
    await wren.channelIs("joined");
    await wren.say("Back home.");
    await heron.sees("Late Lark", "Back home.");
  });

  await check("the anatomy tells the way of each kind of frame, and who made it", async () => {
    const expected = [
      [heron, "error", "Channel error", "gateway", /The channel crashed, or its node went/],
      [heron, "close", "Channel closed", "host", /it stopped itself, or its client has left/],
      [heron, "broadcast", "Broadcast", "host", /one Broadcast per interested gateway verticle/],
      [heron, "push", "Push", "channel", /this client's join_ref/],
      [heron, "event", "Event", "channel", /one message at a time/],
      [heron, "reply", "Reply to new_msg", "channel", /handleIn returned a reply with status ok/],
      [wren, "leave", "Leave", "host", /handleIn never sees a leave/],
      [wren, "leaveReply", "Reply to a leave", "host", /Writes this first, the phx_close after/],
      [wren, "joinReply", "Joined", "host", /sends Joined/],
    ];
    for (const [window, kind, title, by, step] of expected) {
      const told = await window.anatomyOf(kind);
      assert.deepEqual([told.title, told.handledBy], [title, by], kind);
      assert.match(told.steps.join("\n"), step, kind);
    }
    await heron.page.locator('[data-testid="frame"][data-kind="error"]').first().click();
    await heron.picture("anatomy-error");
    await heron.page.locator('[data-testid="frame"][aria-pressed="true"]').click();
  });

  await check("frames that come down have their five fields too, as they crossed", async () => {
    for (const kind of ["reply", "broadcast", "push", "error", "close"]) {
      const { fields, raw } = await heron.anatomyOf(kind);
      const [joinRef, ref, topic, event, payload] = raw;
      assert.ok(
        heron.crossed("down", event, topic).some((f) => JSON.stringify(f) === JSON.stringify(raw)),
        `${kind} crossed as it is shown`,
      );
      const shown = [JSON.stringify(joinRef), JSON.stringify(ref), topic, event];
      assert.deepEqual(fields, [...shown, JSON.stringify(payload)], kind);
    }
  });

  await check("a refused join is told of as the channel's doing", async () => {
    const nobody = await Window.open(browser, "x".repeat(41));
    await until("the refusal", () =>
      nobody.crossed("down", "phx_reply").some(([, , , , p]) => p.response.reason === "name"),
    );
    const told = await nobody.anatomyOf("joinReply", '[data-handled-by="channel"]');
    assert.equal(told.title, "Join refused");
    assert.equal(told.raw[4].response.reason, "name");
    assert.match(told.steps[0], /Channel.join refused/);
    await nobody.page.close();
  });

  await check("errors are told of by their reasons", async () => {
    const expected = [
      ["joinReply", "unmatched topic", "gateway", /No application/],
      ["joinReply", "unavailable", "gateway", /No node was there to host the topic/],
      ["joinReply", "too many channels joined", "gateway", /as many channels/],
      ["joinReply", "too many joins", "gateway", /more often/],
      ["joinReply", "join crashed", "host", /it threw, or took too long/],
      ["joinReply", "constructor", "channel", /refused, and gave a reason/],
      ["reply", "unmatched topic", "gateway", /no row for this topic/],
      ["reply", "mailbox full", "host", /never sees this message/],
      ["reply", "unhandled event", "host", /does not know the event/],
      ["reply", "anything else", "channel", /returned a reply with status `error`/],
    ];
    for (const [kind, reason, by, words] of expected) {
      const told = await heron.page.evaluate(
        async ([kindOfFrame, why]) => {
          const { explain } = await import("./stations.js");
          const payload = { status: "error", response: { reason: why } };
          const fields = { joinRef: "1", ref: "2", topic: "t", event: "phx_reply", payload };
          return explain({ kind: kindOfFrame, direction: "down", fields, answers: null });
        },
        [kind, reason],
      );
      assert.equal(told.handledBy, by, `${kind} ${reason}`);
      assert.match(told.steps.map(({ text }) => text).join("\n"), words);
    }
  });

  await check("the anatomy pauses, and hides heartbeats when asked", async () => {
    await heron.get("pause").click();
    const rows = await heron.get("frame").count();
    await wren.say("Behind the curtain.");
    await heron.sees("Late Lark", "Behind the curtain.");
    assert.equal(await heron.get("frame").count(), rows);
    await heron.get("pause").getByText(/Resume \(\d+\)/).waitFor();
    await heron.get("pause").click();
    await heron.get("pause").getByText("Pause", { exact: true }).waitFor();
    assert.ok((await heron.get("frame").count()) > rows, "what crossed is shown");
    assert.equal((await heron.anatomyOf("broadcast")).raw[4].body, "Behind the curtain.");
    await heron.get("show-heartbeats").uncheck();
    await heron.page.locator('[data-kind="heartbeat"]').first().waitFor({ state: "hidden" });
    await heron.get("show-heartbeats").check();
    await heron.picture("desktop-light");
    await heron.page.emulateMedia({ colorScheme: "dark" });
    await heron.picture("desktop-dark");
    await heron.page.emulateMedia({ colorScheme: null });
  });

  await check("both are at the board too, on the one socket", async () => {
    for (const window of [heron, wren]) {
      await window.boardIs("joined");
      await window.showsLines("empty");
      assert.equal(await window.get("board-topic").textContent(), BOARD);
      assert.equal(await window.get("absent").isVisible(), false);
      assert.equal(window.socketsOpened, 1);
    }
  });

  await check("one draws, the other sees the line, and the same board", async () => {
    const blank = await wren.canvas();
    await heron.draws([0.2, 0.2], [0.8, 0.2], [0.8, 0.6]);
    await heron.showsLines("1 line");
    await wren.showsLines("1 line");
    for (const window of [heron, wren]) {
      for (const point of [[0.2, 0.2], [0.5, 0.2], [0.8, 0.4], [0.8, 0.6]]) {
        assert.ok(await window.inkAt(point), `${window.name} has ink at ${point}`);
      }
      assert.equal(await window.inkAt([0.4, 0.5]), false, "no ink where nobody drew");
    }
    assert.notEqual(await wren.canvas(), blank);
    await sameBoards(heron, wren);
    const pieces = heron.crossed("up", "stroke", BOARD);
    assert.ok(pieces.length > 0 && pieces.length < 26, `26 moves went as ${pieces.length} pieces`);
    await until("the strokes to come back", () =>
      heron.crossed("down", "stroke", BOARD).length === pieces.length,
    );
  });

  await check("two draw at once, in two inks, and see the same board", async () => {
    await wren.page.locator("#inks input").nth(1).check({ force: true });
    await Promise.all([
      heron.draws([0.1, 0.8], [0.9, 0.5], [0.1, 0.5]),
      wren.draws([0.9, 0.9], [0.1, 0.55], [0.9, 0.55]),
    ]);
    await heron.showsLines("3 lines");
    await wren.showsLines("3 lines");
    await sameBoards(heron, wren);
  });

  await check("a hand shows in the other window only, at most 20 times a second", async () => {
    const [startX, startY] = await heron.onTheSheet([0.1, 0.1]);
    const before = heron.crossed("up", "cursor", BOARD).length;
    // From within the page, faster than a mouse: every 4 ms for a second.
    const seconds = await heron.get("sheet").evaluate(async (sheet, [x, y]) => {
      const started = performance.now();
      for (let i = 0; performance.now() - started < 1000; i += 1) {
        const where = { clientX: x + (i % 60), clientY: y, isPrimary: true, bubbles: true };
        sheet.dispatchEvent(new PointerEvent("pointermove", where));
        await new Promise((resolve) => setTimeout(resolve, 4));
      }
      return (performance.now() - started) / 1000;
    }, [startX, startY]);
    await wren.get("hand").getByText("Quiet Heron").waitFor();
    const sent = heron.crossed("up", "cursor", BOARD).length - before;
    assert.ok(sent > 2 && sent <= 20 * seconds + 2, `${sent} cursors in ${seconds} s`);
    const own = heron.crossed("down", "cursor", BOARD).map(([, , , , { name }]) => name);
    assert.equal(own.includes("Quiet Heron"), false, "broadcastFrom leaves out the sender");
    assert.equal(await heron.get("hand").getByText("Quiet Heron").count(), 0);
  });

  await check("the anatomy shows the board's frames, a burst in one row", async () => {
    const strokes = heron.page.locator('[data-testid="frame"][data-event="stroke"]');
    await strokes.first().waitFor();
    const rows = await strokes.count();
    const crossed =
      heron.crossed("up", "stroke", BOARD).length + heron.crossed("down", "stroke", BOARD).length;
    assert.ok(rows <= crossed / 3, `${crossed} strokes in ${rows} rows`);
    await heron.page.locator('[data-testid="frame"][data-event="stroke"][data-handled-by="channel"]')
      .first().click();
    await heron.get("frame-detail").getByText(BOARD, { exact: true }).waitFor();
    await heron.page.locator('[data-testid="frame"][aria-pressed="true"]').click();
  });

  await check("a newcomer sees the drawing so far, and takes its hand along when it leaves", async () => {
    const robin = await Window.open(browser, "Early Robin");
    await robin.boardIs("joined");
    await robin.showsLines("3 lines");
    await sameBoards(heron, robin);
    await heron.picture("board-desktop-light");
    await heron.page.emulateMedia({ colorScheme: "dark" });
    await heron.picture("board-desktop-dark");
    await heron.page.emulateMedia({ colorScheme: null });
    await robin.draws([0.5, 0.9], [0.6, 0.9]);
    const hand = heron.get("hand").getByText("Early Robin");
    await hand.waitFor();
    await robin.page.close();
    await until("the hand that left to be gone", () => heron.crossed("down", "gone", BOARD).length);
    await hand.waitFor({ state: "detached", timeout: 2000 });
  });

  await check("Clear empties the board for all", async () => {
    await wren.get("wipe").click();
    await heron.showsLines("empty");
    await wren.showsLines("empty");
    assert.equal(await heron.inkAt([0.5, 0.2]), false);
  });

  await check("a phone shows the chat first, the anatomy as a sheet, no overflow", async () => {
    const tern = await Window.open(browser, "Bold Tern", PHONE);
    await tern.channelIs("joined");
    await tern.say("From a phone, with aVeryLongWordThatHasNoPlaceToBreak".repeat(3));
    await tern.get("message").first().waitFor();
    await tern.fitsItsWidth();
    assert.equal(await tern.get("anatomy").isVisible(), false);
    await tern.picture("phone");
    await tern.get("peek").tap();
    await tern.page.locator('[data-testid="frame"][data-kind="join"]').last().tap();
    assert.equal(await tern.get("field-event").textContent(), "phx_join");
    await tern.fitsItsWidth();
    await tern.get("crash").evaluate((button) => button.click());
    await tern.page.locator('[data-testid="frame"][data-kind="error"]').first().tap();
    await tern.picture("phone-anatomy-error");
    await tern.fitsItsWidth();
    await tern.picture("phone-anatomy");
    await tern.get("peek").tap();
    await tern.get("anatomy").waitFor({ state: "hidden" });
    for (const width of [360, 320]) {
      await tern.page.setViewportSize({ width, height: 640 });
      await tern.fitsItsWidth();
    }
    await tern.page.close();
  });

  await check("on a phone the board is a tab, and a finger draws", async () => {
    const knot = await Window.open(browser, "Misty Knot", PHONE);
    await knot.boardIs("joined");
    assert.equal(await knot.get("board").isVisible(), false);
    await knot.get("tab-board").tap();
    assert.equal(await knot.get("board").isVisible(), true);
    assert.equal(await knot.get("messages").isVisible(), false);
    await knot.fitsItsWidth();
    const touch = await knot.page.context().newCDPSession(knot.page);
    const finger = async (type, point) => {
      const [x, y] = point ? await knot.onTheSheet(point) : [];
      const touchPoints = point ? [{ x, y }] : [];
      await touch.send("Input.dispatchTouchEvent", { type, touchPoints });
    };
    await finger("touchStart", [0.3, 0.3]);
    for (let i = 1; i <= 10; i += 1) {
      await finger("touchMove", [0.3 + i * 0.04, 0.3 + i * 0.04]);
    }
    await finger("touchEnd");
    await knot.showsLines("1 line");
    await heron.showsLines("1 line");
    assert.ok(await heron.inkAt([0.5, 0.5]), "the line of the finger");
    await knot.page.touchscreen.tap(...(await knot.onTheSheet([0.2, 0.7])));
    await heron.showsLines("2 lines");
    assert.ok(await heron.inkAt([0.2, 0.7]), "a tap makes a dot");
    assert.equal(await knot.page.evaluate(() => scrollX + scrollY), 0, "nothing scrolled");
    await knot.picture("phone-board");
    await heron.say("Nice line.");
    await knot.page.locator('[data-testid="tab-chat"].news').waitFor();
    for (const width of [360, 320]) {
      await knot.page.setViewportSize({ width, height: 640 });
      await knot.fitsItsWidth();
      const box = await knot.get("canvas").boundingBox();
      assert.ok(box.width > width / 2, `a board of ${box.width}px on ${width}px`);
    }
    await knot.get("tab-chat").tap();
    await knot.sees("Quiet Heron", "Nice line.");
  });

  await check("without phoenix.js the page says what is missing, and what to do", async () => {
    const context = await browser.newContext(DESKTOP);
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(LIMIT_MS);
      // What a node answers that was built without Node.js.
      await page.route("**/phoenix.mjs", (route) => route.fulfill({ status: 404, body: "" }));
      await page.goto(base);
      const missing = page.getByTestId("missing");
      await missing.getByText("this node has none to serve").waitFor();
      await missing.getByText("Install Node.js 20 or newer").waitFor();
      assert.equal(await page.locator("#app").isVisible(), false);
    } finally {
      await context.close();
    }
  });

  await check("no errors in any console", async () => {
    assert.deepEqual(
      Window.all.flatMap(({ complaints }) => complaints),
      [],
    );
  });

  if (process.env.ROOST) {
    await check("a board that is deployed later comes alive, and outlives its host", async () => {
      const port = await freePort();
      const chatOnly = await Node.start(port, "--applications", "chat");
      try {
        const swift = await Window.open(browser, "Late Swift", DESKTOP, chatOnly.url);
        await swift.channelIs("joined");
        await swift.boardIs("absent");
        await swift.get("absent-why").getByText("The board is not deployed yet").waitFor();
        const told = await swift.anatomyOf("joinReply", '[data-handled-by="gateway"]');
        assert.deepEqual([told.title, told.raw[2]], ["Join refused", BOARD]);
        assert.match(told.steps[0], /No application that is deployed now has a route/);
        await swift.picture("board-absent");
        await swift.say("No board yet.");
        await swift.sees("Late Swift", "No board yet.");
        await chatOnly.stop();
        const both = await Node.start(port);
        try {
          await swift.boardIs("joined");
          assert.equal(await swift.get("absent").isVisible(), false);
          await swift.draws([0.2, 0.2], [0.8, 0.8]);
          await swift.showsLines("1 line");
        } finally {
          await both.stop();
        }
        // The new host knows nothing of the drawing: the page that still shows it brings it back.
        const again = await Node.start(port);
        try {
          await swift.boardIs("joined");
          const late = await Window.open(browser, "Later Swift", DESKTOP, again.url);
          await late.showsLines("1 line");
          await sameBoards(swift, late);
        } finally {
          await again.stop();
        }
      } finally {
        await chatOnly.stop();
      }
    });
  } else {
    console.log("SKIP a board that is deployed later: ROOST names no command");
  }
} finally {
  await browser.close();
}

console.log(failed === 0 ? "all checks passed" : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
