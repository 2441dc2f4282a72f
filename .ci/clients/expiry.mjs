/**
 * Checks with four generations of phoenix.js in Node, each over both transports, what becomes of a
 * client whose token expires while it is connected (docs/tokens.md). Starts a node in its production
 * configuration, which verifies tokens by flags:
 *
 *   npm ci && node expiry.mjs PORT
 *
 * Three clients of one user come with tokens that last for seconds. One renews its token when it is
 * told that it expires: it is still there when the others have gone, on the same connection. One does not,
 * but has a fresh one when it connects again: it is closed with the stated code, and joins again by
 * itself. The third comes back with its old token, and is refused for as long as it tries.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { TRANSPORTS, VERSIONS, answer, installed, phoenix, until } from "./phoenix.mjs";

const port = Number(process.argv[2]);
const root = fileURLToPath(new URL("../../", import.meta.url));
const LIFE_SECONDS = Number(process.env.LIFE_SECONDS ?? 8);
const SECRET = "known to everybody, so never deploy it";
const ISSUER = "https://login.example/";

/** What phoenix.js says that a poll was closed with; before 1.6 it says nothing. */
const POLL_CODES = { "1.5": undefined, "1.6": 1008, "1.7": 1008, "1.8": 3410 };

/** A JSON Web Token that is good for so long. */
function token(seconds) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: ISSUER, aud: "chat", sub: "ada", exp: now + seconds };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`;
}

/** A client that has joined, and what happened to it. */
async function client(kind, polls, topic, access) {
  const { Socket, LongPoll } = kind;
  const seen = { asked: 0, opened: 0, joined: 0, expiring: [], closed: [] };
  const socket = new Socket(`ws://127.0.0.1:${port}/signed`, {
    transport: polls ? LongPoll : WebSocket,
    params: () => ({ access_token: access(seen.asked++) }),
  });
  socket.onOpen(() => seen.opened++);
  socket.onClose((event) => seen.closed.push(event?.code));
  const channel = socket.channel(topic, {});
  const told = (renew) =>
    socket.onMessage(({ topic: of, event, payload }) => {
      if (of !== "phoenix" || event !== "token_expiring") return;
      seen.expiring.push(payload.expires_in);
      renew?.();
    });
  return { socket, channel, seen, told };
}

async function check(version, transport) {
  const kind = await phoenix(version);
  const polls = transport === "long poll";
  const topic = `signed:${version}-${polls ? "poll" : "socket"}`;
  const short = token(LIFE_SECONDS);
  const renewing = await client(kind, polls, topic, () => short);
  const returning = await client(kind, polls, topic, (time) => (time === 0 ? short : token(3_600)));
  const stubborn = await client(kind, polls, topic, () => short);
  const all = [renewing, returning, stubborn];

  const answers = [];
  renewing.told(() => {
    const { socket } = renewing;
    const ref = socket.makeRef();
    socket.onMessage((message) => message.ref === ref && answers.push(message.payload));
    socket.push({ topic: "phoenix", event: "access_token", payload: { access_token: token(3_600) }, ref });
  });
  returning.told();
  stubborn.told();

  try {
    for (const { socket, channel, seen } of all) {
      socket.connect();
      const joined = channel.join();
      joined.receive("ok", () => seen.joined++);
      assert.equal((await answer("join", joined)).status, "ok");
    }
    const connection = renewing.socket.conn;

    await until("all are told that their token expires", () => all.every(({ seen }) => seen.expiring.length > 0));
    assert.ok(all.every(({ seen }) => seen.expiring[0] <= LIFE_SECONDS), "in how many seconds");
    await until("the new token is answered", () => answers.length > 0);
    assert.equal(answers[0].status, "ok");
    assert.ok(answers[0].response.expires_in > 3_000, `in an hour, not in ${answers[0].response.expires_in} s`);

    await until("the others are closed", () => returning.seen.closed.length > 0 && stubborn.seen.closed.length > 0);
    const code = returning.seen.closed[0];

    // Whoever has a fresh token is back by itself, its channel too.
    await until("joined again", () => returning.seen.joined === 2);
    // Before 1.8 a poll takes the end of its session for a new one, until its old token is refused.
    assert.equal(returning.seen.opened, polls && version !== "1.8" ? 3 : 2);
    const echoed = await answer("echo", returning.channel.push("echo", { n: 1 }));
    assert.deepEqual(echoed, { status: "ok", response: { n: 1 } });

    // Whoever has not is refused, and goes on trying.
    await until("tried again and again", () => stubborn.seen.asked > 3);
    assert.equal(stubborn.seen.joined, 1);
    assert.equal(stubborn.channel.state === "joined", false);

    // Whoever renewed it noticed nothing of all that.
    const still = await answer("echo", renewing.channel.push("echo", { n: 2 }));
    assert.deepEqual(still, { status: "ok", response: { n: 2 } });
    assert.equal(renewing.socket.conn, connection, "the same connection");
    assert.deepEqual(renewing.seen.closed, []);
    assert.equal(renewing.seen.opened, 1);
    assert.equal(renewing.seen.joined, 1);

    assert.equal(code, polls ? POLL_CODES[version] : 3000);
    return `closed with ${code}, joined again`;
  } catch (failure) {
    console.log(JSON.stringify(all.map(({ seen }) => seen)));
    throw failure;
  } finally {
    all.forEach(({ socket }) => socket.disconnect());
  }
}

const secrets = mkdtempSync(`${tmpdir()}/expiry-`);
writeFileSync(`${secrets}/jwt`, SECRET);
const roost = spawn(
  `${root}roost`,
  [
    "--port", port, "--applications", "signed", "--gateway-verticles", 1,
    "--jwt-secret-file", `${secrets}/jwt`, "--jwt-issuer", ISSUER, "--jwt-audiences", "chat",
    "--jwt-clock-skew", "0s",
  ].map(String),
  { env: { ...process.env, ROOST_APPS: `${root}launcher/it/target/roost-it-0.1.0-SNAPSHOT.jar` }, stdio: ["ignore", "pipe", "inherit"] },
);
let log = "";
roost.stdout.on("data", (data) => (log += data));
process.on("exit", () => {
  roost.kill("SIGKILL");
  rmSync(secrets, { recursive: true });
});
await until("the node is ready", () => log.includes(" is ready: ") || roost.exitCode !== null);

let failed = roost.exitCode === null ? 0 : 1;
if (failed) console.log(log);
for (const version of failed ? [] : VERSIONS) {
  for (const transport of TRANSPORTS) {
    const name = `phoenix.js ${installed(version)} over ${transport}, token expires`;
    try {
      console.log(`PASS ${name}: ${await check(version, transport)}`);
    } catch (failure) {
      failed += 1;
      console.log(`FAIL ${name}: ${failure.stack}`);
    }
  }
}
process.exit(failed === 0 ? 0 : 1);
