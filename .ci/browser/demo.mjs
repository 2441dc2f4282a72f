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
 *
 * What crossed the wire is taken from the browser itself, not from the page, so the page's own
 * account of it is checked too.
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
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

  static async open(browser, name, options = DESKTOP, room = ROOM) {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(LIMIT_MS);
    await context.addInitScript((n) => localStorage.setItem("roost.name", n), name);
    const window = new Window();
    window.name = name;
    window.page = await context.newPage();
    Window.all.push(window);
    window.#listen();
    await window.page.goto(`${base.replace(/\/$/, "")}/#${room}`);
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

  async say(text) {
    await this.get("body").fill(text);
    await this.get("body").press("Enter");
  }

  async sees(from, text) {
    const message = this.page.locator(`[data-testid="message"][data-from="${from}"]`);
    await message.getByText(text, { exact: true }).waitFor();
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

  await check("they chat both ways, and each sees its own words", async () => {
    await heron.say("Morning! Is anyone up?");
    await heron.sees("Quiet Heron", "Morning! Is anyone up?");
    await wren.sees("Quiet Heron", "Morning! Is anyone up?");
    await wren.say("Always.");
    await wren.sees("Speckled Wren", "Always.");
    await heron.sees("Speckled Wren", "Always.");
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

  await check("the anatomy pauses, and hides heartbeats when asked", async () => {
    await heron.get("pause").click();
    const rows = await heron.get("frame").count();
    await wren.say("Behind the curtain.");
    await heron.sees("Late Lark", "Behind the curtain.");
    assert.equal(await heron.get("frame").count(), rows);
    await heron.get("pause").getByText(/Resume \(\d+\)/).waitFor();
    await heron.get("pause").click();
    await heron.get("show-heartbeats").uncheck();
    await heron.page.locator('[data-kind="heartbeat"]').first().waitFor({ state: "hidden" });
    await heron.get("show-heartbeats").check();
    await heron.picture("desktop-light");
    await heron.page.emulateMedia({ colorScheme: "dark" });
    await heron.picture("desktop-dark");
    await heron.page.emulateMedia({ colorScheme: null });
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
    await tern.page.locator('[data-testid="frame"][data-kind="join"]').tap();
    assert.equal(await tern.get("field-event").textContent(), "phx_join");
    await tern.fitsItsWidth();
    await tern.picture("phone-anatomy");
    await tern.get("peek").tap();
    await tern.get("anatomy").waitFor({ state: "hidden" });
    for (const width of [360, 320]) {
      await tern.page.setViewportSize({ width, height: 640 });
      await tern.fitsItsWidth();
    }
  });

  await check("no errors in any console", async () => {
    assert.deepEqual(
      Window.all.flatMap(({ complaints }) => complaints),
      [],
    );
  });
} finally {
  await browser.close();
}

console.log(failed === 0 ? "all checks passed" : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
