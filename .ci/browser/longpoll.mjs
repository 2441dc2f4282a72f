/**
 * Checks in Chromium that phoenix.js falls back to long polling by itself where WebSockets do not get
 * through, against a running node with the chat:
 *
 *   npm ci && node longpoll.mjs http://localhost:4000
 *
 * One person is behind a proxy that lets no upgrade pass, the other is not; they talk to each other.
 * Exits non-zero when something is missing.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createServer, request } from "node:http";
import { chromium } from "playwright-core";

const base = new URL(process.argv[2] ?? "");
const LIMIT_MS = Number(process.env.LIMIT_MS ?? 20_000);
const TOPIC = `room:polled-${Date.now().toString(36)}`;

const executablePath =
  process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);

let blocked = 0;
const proxy = createServer((incoming, answer) => {
  const { method, url, headers } = incoming;
  const onward = request({ host: base.hostname, port: base.port, method, path: url, headers });
  onward.on("response", (response) => {
    answer.writeHead(response.statusCode, response.headers);
    response.pipe(answer);
  });
  onward.on("error", () => answer.destroy());
  incoming.pipe(onward);
});
proxy.on("upgrade", (incoming, socket) => {
  blocked += 1;
  socket.destroy();
});
await new Promise((listening) => proxy.listen(0, "127.0.0.1", listening));

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });

/** A page with a phoenix.js socket that has joined; what it hears is in its window.heard. */
async function person(name, origin) {
  const page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(LIMIT_MS);
  const polled = [];
  page.on("request", (sent) => sent.url().includes("/longpoll") && polled.push(sent.method()));
  await page.goto(`${origin}/favicon.svg`);
  const joined = await page.evaluate(
    async ([topic, who]) => {
      const { Socket } = await import("/phoenix.mjs");
      window.heard = [];
      const socket = new Socket("/socket", { longPollFallbackMs: 1_000 });
      socket.connect();
      const channel = socket.channel(topic, { name: who });
      channel.on("new_msg", (message) => window.heard.push(message.body));
      window.say = (body) => channel.push("new_msg", { body });
      return new Promise((resolve) => {
        channel.join(20_000).receive("ok", () => resolve("ok")).receive("error", resolve);
      });
    },
    [TOPIC, name],
  );
  assert.equal(joined, "ok", `${name} joins`);
  return { page, polled };
}

try {
  const behind = await person("Ada", `http://127.0.0.1:${proxy.address().port}`);
  const direct = await person("Grace", base.origin);
  assert.ok(blocked > 0, "a WebSocket was tried first");
  assert.ok(behind.polled.includes("GET") && behind.polled.includes("POST"), "Ada polls");
  assert.deepEqual(direct.polled, [], "Grace does not");
  await behind.page.evaluate(() => window.say("over long poll"));
  await direct.page.waitForFunction(() => window.heard.includes("over long poll"));
  await direct.page.evaluate(() => window.say("over WebSocket"));
  await behind.page.waitForFunction(() => window.heard.includes("over WebSocket"));
  console.log("PASS phoenix.js falls back to long polling where WebSockets are blocked");
} finally {
  await browser.close();
  proxy.closeAllConnections();
  proxy.close();
}
