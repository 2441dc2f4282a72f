/**
 * Checks with four generations of phoenix.js in Node, each over both transports, against a running
 * fixture (.ci/conformance-server PORT):
 *
 *   npm ci && node matrix.mjs http://127.0.0.1:PORT
 *
 * Each connects, joins, pushes and is answered, hears a broadcast, sends and gets binary where it
 * can, is joined again after a crash, leaves and disconnects. Those that know of auth tokens, from 1.8
 * on, connect with one as well. Prints a line for each, and exits non-zero if one fails or is left out.
 */

import assert from "node:assert/strict";
import WebSocket from "ws";
import { TRANSPORTS, VERSIONS, answer, installed, phoenix, until, within } from "./phoenix.mjs";

const base = new URL(process.argv[2] ?? "");
const run = Date.now().toString(36);

async function check(version, transport) {
  const { Socket, LongPoll } = await phoenix(version);
  const polls = transport === "long poll";
  const topic = `test:matrix-${run}-${version}-${polls ? "poll" : "socket"}`;
  const sockets = [];

  const connect = async (polling = polls) => {
    const socket = new Socket(`${base.protocol === "https:" ? "wss" : "ws"}://${base.host}/socket`, {
      transport: polling ? LongPoll : WebSocket,
    });
    sockets.push(socket);
    socket.connect();
    await until("connected", () => socket.isConnected());
    assert.equal(socket.conn instanceof LongPoll, polling, "the transport that was asked for");
    return socket;
  };
  const join = async (socket) => {
    const channel = socket.channel(topic, {});
    const joined = await answer("join", channel.join());
    assert.deepEqual(joined, { status: "ok", response: { joined: topic } });
    return channel;
  };

  try {
    const one = await connect();
    const first = await join(one);
    const second = await join(await connect());

    const echoed = await answer("echo", first.push("echo", { n: 1, text: 'ä "€"' }));
    assert.deepEqual(echoed, { status: "ok", response: { n: 1, text: 'ä "€"' } });
    const refused = await answer("error_reply", first.push("error_reply", { n: 2 }));
    assert.deepEqual(refused, { status: "error", response: { n: 2 } });

    const heard = [];
    second.on("bcast", (payload) => heard.push(payload.n));
    first.on("bcast", (payload) => heard.push(payload.n));
    first.push("broadcast", { n: 3 });
    await until("the broadcast", () => heard.length === 2);
    assert.deepEqual(heard, [3, 3]);
    first.push("broadcast_from", { n: 4 });
    await until("the broadcast to others", () => heard.length === 3);
    assert.deepEqual(heard, [3, 3, 4]);

    const binary = await checkBinary(version, polls, first, second, () => connect(false).then(join));

    first.push("crash", {});
    await until("the crash", () => first.state === "errored");
    await until("joined again", () => first.state === "joined");
    const back = await answer("echo after the crash", first.push("echo", { n: 5 }));
    assert.deepEqual(back.response, { n: 5 });

    const left = await answer("leave", first.leave());
    assert.equal(left.status, "ok");
    await until("closed", () => first.state === "closed");
    // Who has left hears nothing; who has not still does.
    second.push("broadcast", { n: 6 });
    await until("the broadcast after the leave", () => heard.length === 4);
    await answer("echo of the other", second.push("echo", {}));
    assert.deepEqual(heard, [3, 3, 4, 6]);

    await within("disconnected", new Promise((done) => one.disconnect(done)));
    assert.equal(one.isConnected(), false);
    return binary;
  } finally {
    sockets.forEach((socket) => socket.disconnect());
  }
}

/** From 1.6 on a WebSocket carries binary both ways; a poll only to the server, from 1.7 on. */
async function checkBinary(version, polls, first, second, onWebSocket) {
  const bytes = new Uint8Array([1, 0, 255]).buffer;
  if (version === "1.5" || (polls && version === "1.6")) {
    return "no binary";
  }
  if (polls) {
    const third = await onWebSocket();
    const told = [];
    third.on("binary_bcast", (payload) => told.push([...new Uint8Array(payload)]));
    first.push("binary_broadcast", bytes);
    await until("a binary broadcast to a WebSocket", () => told.length === 1);
    assert.deepEqual(told, [[1, 0, 255]]);
    // There is no form of it for whoever polls; the channel is not harmed.
    const echoed = await answer("echo after binary", first.push("echo", { n: 7 }));
    assert.deepEqual(echoed.response, { n: 7 });
    await answer("leave of the third", third.leave());
    return "binary to the server";
  }
  const pushed = [];
  first.on("binary_pushed", (payload) => pushed.push([...new Uint8Array(payload)]));
  second.on("binary_bcast", (payload) => pushed.push([...new Uint8Array(payload)]));
  const replied = await answer("binary", first.push("binary", bytes));
  assert.equal(replied.status, "ok");
  assert.deepEqual([...new Uint8Array(replied.response)], [255, 1, 0, 255]);
  first.push("binary_push", bytes);
  await until("a binary push", () => pushed.length === 1);
  first.push("binary_broadcast", bytes);
  await until("a binary broadcast", () => pushed.length === 2);
  assert.deepEqual(pushed, [[1, 0, 255], [1, 0, 255]]);
  return "binary both ways";
}

/** An auth token is asked for with each connect, and reaches connect whatever it is made of (JS-60). */
async function checkAuthToken(version, transport) {
  const { Socket, LongPoll } = await phoenix(version);
  const polls = transport === "long poll";
  const requests = [];
  const fetched = globalThis.fetch;
  globalThis.fetch = (url, options) => {
    requests.push([options.method, new Headers(options.headers).get("x-phoenix-authtoken")]);
    return fetched(url, options);
  };
  const socket = (authToken, expected) =>
    new Socket(`${base.protocol === "https:" ? "wss" : "ws"}://${base.host}/token`, {
      transport: polls ? LongPoll : WebSocket,
      authToken,
      params: () => ({ expected: expected() }),
    });
  let times = 0;
  const token = () => `time ${times}~~~`; // With + in its Base64, and = at the end.
  const good = socket(token, token);
  const bad = socket("other", token);
  try {
    for (times = 1; times <= 2; times++) {
      good.connect();
      await until("connected", () => good.isConnected());
      if (!polls) assert.equal(good.conn.protocol, "phoenix");
      const channel = good.channel(`test:token-${run}-${times}-${polls}`, {});
      await answer("join", channel.join());
      await answer("leave", channel.leave());
      if (polls) {
        const gets = requests.filter(([method]) => method === "GET");
        const posts = requests.filter(([method]) => method === "POST");
        assert.ok(gets.length > 1 && posts.length > 0, `requests: ${requests.join(" ")}`);
        assert.deepEqual(new Set(gets.map(([, sent]) => sent)), new Set([token()]));
        assert.deepEqual(new Set(posts.map(([, sent]) => sent)), new Set([null]));
      }
      await within("disconnected", new Promise((done) => good.disconnect(done)));
      requests.length = 0;
    }
    let errors = 0;
    bad.onError(() => errors++);
    bad.connect();
    await until("refused", () => errors > 0);
    assert.equal(bad.isConnected(), false);
  } finally {
    globalThis.fetch = fetched;
    good.disconnect();
    bad.disconnect();
  }
}

let failed = 0;
async function report(name, checked) {
  try {
    console.log(`PASS ${name}, ${await checked()}`);
  } catch (failure) {
    failed += 1;
    console.log(`FAIL ${name}: ${failure.stack}`);
  }
}
for (const version of VERSIONS) {
  for (const transport of TRANSPORTS) {
    const name = `phoenix.js ${installed(version)} over ${transport}`;
    await report(name, () => check(version, transport));
    if (version === "1.8") {
      await report(name, () => checkAuthToken(version, transport).then(() => "with an auth token"));
    }
  }
}
process.exit(failed === 0 ? 0 : 1);
