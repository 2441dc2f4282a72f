/**
 * Drives the demo page in Chromium against a cluster whose nodes are killed: who is here is shown as
 * it is, all the while, and so is who is away or types.
 *
 *   npm ci && ROOST=../../roost node kills.mjs FIRST_PORT
 *
 * Starts two gateways and two channel nodes on 127.0.0.1, sixteen ports from FIRST_PORT on. Prints a
 * line per check and exits non-zero when one failed. The environment: CHROMIUM and SCREENSHOTS as for
 * demo.mjs, and ROOST, the command that starts a node.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const FIRST_PORT = Number(process.argv[2]);
const { ROOST, SCREENSHOTS } = process.env;
if (!FIRST_PORT || !ROOST) {
  console.error("usage: ROOST=COMMAND node kills.mjs FIRST_PORT");
  process.exit(2);
}
const LIMIT_MS = 60_000;
const executablePath =
  process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
if (SCREENSHOTS) {
  mkdirSync(SCREENSHOTS, { recursive: true });
}

/** The first of three, behind which a gateway has its own. */
const clusterPort = (node) => FIRST_PORT + 4 * node;

class Node {
  log = "";

  constructor(number, ...role) {
    this.number = number;
    this.args = [
      ...role,
      `--cluster-name=kills-${process.pid}`,
      `--cluster-seeds=${[0, 1, 2, 3].map((i) => `127.0.0.1:${clusterPort(i)}`).join()}`,
      `--cluster-port=${clusterPort(number)}`,
      "--bus-port=0",
    ];
  }

  async start() {
    this.process = spawn(ROOST, this.args, { stdio: ["ignore", "pipe", "inherit"] });
    const { process: started } = this;
    const ready = new Promise((go, fail) => {
      started.stdout.on("data", (data) => {
        this.log += data;
        if (String(data).includes(" is ready: ")) go();
      });
      started.once("exit", () => fail(new Error(`node ${this.number} did not come up`)));
    });
    await ready;
  }

  async kill() {
    if (this.process?.exitCode === null && this.process.signalCode === null) {
      this.process.kill("SIGKILL");
      await once(this.process, "exit");
    }
  }
}

const port = (gateway) => clusterPort(gateway) + 3;
const gateways = [0, 1].map((i) => new Node(i, "--role=gateway", `--port=${port(i)}`));
const channels = [2, 3].map((i) => new Node(i, "--role=channels"));
const nodes = [...channels, ...gateways];

/** One person at one window. */
async function open(browser, name, gateway) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript((n) => localStorage.setItem("roost.name", n), name);
  const window = { name, page: await context.newPage(), closed: 0 };
  window.page.on("websocket", (socket) => socket.on("close", () => (window.closed += 1)));
  windows.push(window);
  await window.page.goto(`http://127.0.0.1:${port(gateway)}/#kills`);
  return window;
}

/** As when somebody looks at another tab, which no window without a screen does by itself. */
async function hide({ page }) {
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
}

/** Somebody types, which the others are told while they do. */
async function types({ page }, others, expected) {
  const body = page.locator('[data-testid="body"]');
  await body.pressSequentially("hm");
  await Promise.all(others.map((window) => shows(window, expected)));
  await body.fill("");
}

/** Who a window shows, name → state and devices; nobody while it is not sure. */
function people({ page }) {
  return page
    .locator('[data-testid="here"]:not(.stale) [data-testid="person"]')
    .evaluateAll((chips) => Object.fromEntries(chips.map(({ dataset }) => [dataset.name, `${dataset.state} x${dataset.devices}`])));
}

/** Awaits that a window shows these people and nobody else. */
async function shows(window, expected) {
  const { name, page } = window;
  const end = Date.now() + LIMIT_MS;
  for (;;) {
    const here = await people(window);
    try {
      assert.deepEqual(here, expected);
      return;
    } catch (error) {
      if (Date.now() > end) {
        throw new Error(`${name}'s window: ${error.message}`);
      }
    }
    await page.waitForTimeout(20);
  }
}

async function check(what, action) {
  const start = Date.now();
  await action();
  console.log(`PASS ${what} (${Date.now() - start} ms)`);
}

async function picture({ page }, name) {
  if (SCREENSHOTS) {
    await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }
}

let failed = true;
let browser;
const windows = [];
try {
  await channels[0].start();
  await Promise.all(nodes.slice(1).map((node) => node.start()));
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const ada = await open(browser, "Ada", 0);
  const adasPhone = await open(browser, "Ada", 1);
  const bob = await open(browser, "Bob", 1);
  const cleo = await open(browser, "Cleo", 0);
  const all = [ada, adasPhone, bob, cleo];
  const everybody = { Ada: "here x2", Bob: "here x1", Cleo: "away x1" };
  const allShow = (expected) => Promise.all(all.map((window) => shows(window, expected)));
  await check("everybody is here, over two gateways, and one is away", async () => {
    await allShow({ ...everybody, Cleo: "here x1" });
    await hide(cleo);
    await allShow(everybody);
  });
  for (const node of channels) {
    const mark = `channel node ${node.number}`;
    await node.kill();
    await ada.page.waitForTimeout(3_000);
    await check(`${mark} was killed: everybody is here or away all the same`, () => allShow(everybody));
    await check("who types is seen to", async () => {
      await types(bob, [ada, adasPhone, cleo], { ...everybody, Bob: "typing x1" });
      await allShow(everybody);
    });
    await node.start();
    await check(`${mark} is back: everybody is here or away all the same`, () => allShow(everybody));
  }
  assert.equal(all.reduce((sum, { closed }) => sum + closed, 0), 0, "no socket was closed");
  await gateways[1].kill();
  await check("a gateway was killed: its people are gone", () => shows(ada, { Ada: "here x1", Cleo: "away x1" }));
  await picture(ada, "gateway-killed");
  await gateways[1].start();
  await check("it is back, and so are they", () => allShow(everybody));
  await picture(ada, "gateway-back");
  failed = false;
} catch (error) {
  console.error(`FAIL ${error.stack}`);
  for (const window of windows) {
    console.error(`${window.name} sees`, await people(window).catch(String), await window.page.locator("body").innerText().catch(String));
  }
  for (const node of nodes) {
    console.error(`node ${node.number}:\n${node.log.slice(-4_000)}`);
  }
} finally {
  await browser?.close();
  await Promise.all(nodes.map((node) => node.kill()));
}
process.exit(failed ? 1 : 0);
