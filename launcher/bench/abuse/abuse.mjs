// Attacks a node in its production configuration, with compression on, and checks that honest clients notice little, that each refusal
// is counted, and that memory and places come back:
//
//   .ci/abuse            all of it, some twenty minutes; prints the table of docs/security.md
//   .ci/abuse --short    fewer attackers, a minute or two; the times are printed and not judged
//   .ci/abuse --only=WORDS   the attacks with one of these words in their names, with commas between them
//
// An attack is repeated until it has lasted three seconds, since a p99 needs a few thousand answers; the same was done thrice before,
// unjudged but for its counts, so that what is measured is the server and not its compiler. No more than a thousand attackers come in a
// second: a flood of connections is another attack, which handshakes-per-second-per-address is for. In life attackers have machines of
// their own. Here they get the processor time that the others leave, and what the kernel does for them is at the others' expense all the
// same; so each attack is also done to another node, while honest clients stay where they are, to tell how much of it that is. When
// theirs is attacked, their p99 is at most twice that of the quiet, all there was so far, which is half a minute at the beginning and some seconds before each try. If it is not,
// all of that is done again, at most twice: the machine may have been busy with something else. Every try is printed.
import { execFileSync, fork, spawn } from "node:child_process";
import crypto from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import os from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import { HOST, PollConnection, Socket, frame } from "./socket.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const short = process.argv.includes("--short");
const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length).split(",") ?? [""];
const fixture = join(root, "launcher/it/target/roost-it-0.1.0-SNAPSHOT.jar");

/** The node that honest clients are at, and one that has only the processor time that others leave. */
const node = { name: "node", port: 4112, admin: 4113 };
const elsewhere = { name: "other node", port: 4114, admin: 4115 };

/** Which of them is attacked. */
let target = node;
const SOCKET = "/socket/websocket?vsn=2.0.0";
const CHANNELS = 100;
const FRAME_LIMIT = 10_000_000;
const ATTACKERS_PER_SECOND = 1_000;
const sleep = (ms) => new Promise((go) => setTimeout(go, ms));
const size = (all, few) => (short ? few : all);

/** Made when it is asked for first, and kept: attackers come prepared, and cost the node no processor time but what it spends on them. */
function once(make) {
  let made;
  return () => (made ??= make());
}

function get(port, path) {
  return new Promise((answer, fail) => {
    http
      .get({ host: HOST, port, path, agent: false }, (response) => {
        let body = "";
        response.on("data", (data) => (body += data));
        response.on("end", () => answer({ status: response.statusCode, body }));
      })
      .on("error", fail);
  });
}

async function metrics() {
  const values = new Map();
  for (const line of (await get(target.admin, "/metrics")).body.split("\n")) {
    const at = line.lastIndexOf(" ");
    if (at > 0 && !line.startsWith("#")) values.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return values;
}

const problems = [];
function expect(what, expected, got) {
  if (expected !== got) problems.push(`${what}: expected ${expected}, got ${got}`);
}

async function until(what, condition) {
  for (let i = 0; i < 900; i++) {
    if (await condition()) return;
    await sleep(100);
  }
  problems.push(`not within 90 s: ${what}`);
}

async function connected(path = SOCKET, headers) {
  const socket = new Socket(target.port);
  const status = await socket.ask(path, headers);
  if (status !== 101) problems.push(`a socket was refused with ${status}`);
  return socket;
}

let nextComes = 0;

/** Attackers come one after the other, not hundreds in the same moment and none in the next. */
async function comes() {
  const now = performance.now();
  const at = Math.max(now, nextComes);
  nextComes = at + 1_000 / ATTACKERS_PER_SECOND;
  await sleep(at - now);
}

/** So many at a time, so that it is the server that is measured and not the attacker's own queue. */
async function many(count, each, atOnce = 100) {
  const results = [];
  for (let from = 0; from < count; from += atOnce) {
    const group = Array.from({ length: Math.min(atOnce, count - from) }, (_, i) => comes().then(() => each(from + i)));
    results.push(...(await Promise.all(group)));
  }
  return results;
}

async function allClosedWith(code, count, attack) {
  const codes = await many(count, async () => {
    const socket = await connected();
    await attack(socket);
    const code = await socket.ended;
    return code;
  }, 25);
  expect("sockets closed with " + code, count, codes.filter((got) => got === code).length);
}

/** A long-poll session on connections of its own; its requests are sent as fast as whoever calls likes. */
class Session {
  constructor() {
    this.connections = [];
    this.free = [];
    this.path = "/socket/longpoll?vsn=2.0.0";
  }

  async ask(method, body = "") {
    const connection = this.free.pop() ?? this.connect();
    const answer = await connection.ask(`${method} ${this.path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    this.free.push(connection);
    return answer;
  }

  connect() {
    const connection = new PollConnection(target.port);
    this.connections.push(connection);
    return connection;
  }

  async open() {
    this.path += "&token=" + (await this.ask("GET")).token;
    return this;
  }

  drop() {
    this.connections.forEach((connection) => connection.tcp.destroy());
  }
}

/** The identity provider of the sockets on /verified: its key, and a token of it. */
const provider = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
function jwt() {
  const part = (json) => Buffer.from(JSON.stringify(json)).toString("base64url");
  const text = part({ alg: "ES256" }) + "." + part({ sub: "somebody", exp: Math.floor(Date.now() / 1_000) + 3_600 });
  const signature = crypto.sign("sha256", Buffer.from(text), { key: provider.privateKey, dsaEncoding: "ieee-p1363" });
  return text + "." + signature.toString("base64url");
}

const limit = (name) => `roost_limit_reached_total{limit="${name}"}`;
const refused = (status) => `roost_connections_refused_total{status="${status}"}`;

/** They wait until the server's patience is over, and do little else. */
const patient = ["a byte a second", "half messages"];

/** Has each of them do something once a second, at its own time; told how often it has before. */
function eachSecond(sockets, what) {
  let turn = 0;
  return setInterval(() => {
    for (let i = turn % 100; i < sockets.length; i += 100) what(sockets[i], Math.floor(turn / 100));
    turn++;
  }, 10);
}

/** Tells how often that limit was reached from now on. */
async function counting(name) {
  const count = async () => (await metrics()).get(limit(name)) ?? 0;
  const before = await count();
  return async () => (await count()) - before;
}

/** Asked at each refusal of a socket: 1 if that is within refusals-per-second, two seconds' worth and a turn at once, else 0. */
function refusals() {
  const begin = performance.now();
  let count = 0;
  return () => Number(++count <= 100 * ((performance.now() - begin) / 1_000 + 2) + 16);
}

const FLOOD = { count: size(50, 20), joins: 600 };
const HALF = 1_000_000;

/** What attackers send. */
const floods = once(() =>
  Array.from({ length: FLOOD.count }, (_, number) =>
    Buffer.concat(Array.from({ length: FLOOD.joins }, (_, i) => frame(`["${i}","${i}","room:${number}-${i}","phx_join",{}]`)))));

const atTheLimit = once(() => {
  const head = '[null,"1","phoenix","heartbeat",{"pad":"';
  return frame(head + "x".repeat(FRAME_LIMIT - head.length - 3) + '"}]');
});

const oneOver = once(() => Buffer.from(frame(Buffer.alloc(FRAME_LIMIT + 1, 0x20)).subarray(0, 65_536)));

const emptyFragments = once(() => Buffer.concat(Array.from({ length: 500 }, () => frame("", { opcode: 0, fin: false }))));

const halfMessage = once(() => frame(Buffer.alloc(HALF, 0x20), { fin: false }));

const manyPings = once(() => {
  const ping = frame("x".repeat(125), { opcode: 9 });
  return { ping, pings: Buffer.concat(Array(10_000).fill(ping)) };
});

const deep = once(() => {
  const depth = 1_000_000;
  return frame('["1","1","room:x","ping",' + "[".repeat(depth) + "]".repeat(depth) + "]");
});

/** In one frame, and in many. */
const bothBombs = once(() => {
  const bomb = zlib.deflateRawSync(Buffer.alloc(50_000_000), { level: 9, finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const pieces = [frame(bomb.subarray(0, 100), { rsv1: true, fin: false })];
  for (let from = 100; from < bomb.length; from += 100) {
    pieces.push(frame(bomb.subarray(from, from + 100), { opcode: 0, fin: from + 100 >= bomb.length }));
  }
  return [frame(bomb, { rsv1: true }), Buffer.concat(pieces)];
});

const manyRenewals = once(() => {
  const token = jwt();
  const renewals = 600;
  const renewal = (_, i) => frame(`[null,"${i}","phoenix","access_token",{"access_token":"${token}"}]`);
  return { token, renewals, frames: Buffer.concat(Array.from({ length: renewals }, renewal)) };
});

/** Each attack returns what has to have been counted, by the name of the counter. */
const attacks = {
  "half-open handshakes": async () => {
    const count = size(5_000, 500);
    const sockets = await many(count, async () => {
      const socket = new Socket(target.port);
      await socket.opened;
      socket.tcp.write("GET /socket/websocket HTTP/1.1\r\nHost: x\r\n");
      return socket;
    });
    await Promise.all(sockets.map((socket) => socket.ended));
    return { attackers: count, counted: { [limit("handshake-timeout")]: count } };
  },

  "a byte a second": async () => {
    const count = size(2_000, 200);
    const bytes = frame('[null,"1","phoenix","heartbeat",{"pad":"' + "x".repeat(200) + '"}]');
    const sockets = await many(count, () => connected());
    const timer = eachSecond(sockets, (socket, at) => socket.tcp.write(bytes.subarray(at, at + 1)));
    if (short) {
      await sleep(5_000);
      clearInterval(timer);
      sockets.forEach((socket) => socket.drop());
      return { attackers: count, counted: {} };
    }
    const codes = await Promise.all(sockets.map((socket) => socket.ended));
    clearInterval(timer);
    expect("closed as silent", count, codes.filter((code) => code === 1002).length);
    return { attackers: count, counted: { [limit("idle-timeout")]: count } };
  },

  "join flood": async () => {
    const { count, joins } = FLOOD;
    let over = 0;
    await many(count, async (number) => {
      const socket = await connected();
      let answers = 0;
      let refused = 0;
      const within = refusals();
      const done = new Promise((go) => {
        socket.onText = (text) => {
          if (!text.includes('"phx_reply"')) return;
          if (text.includes("too many")) refused += within();
          if (++answers === joins) go();
        };
      });
      await socket.write(floods()[number]);
      await Promise.race([done, socket.ended]);
      expect("joins that were answered", joins, answers);
      expect("joins that were refused no faster than that has a rate", joins - CHANNELS, refused);
      over += joins - CHANNELS;
      socket.drop();
    });
    return { attackers: count, counted: { [limit("joins-per-second")]: null, [limit("max-channels")]: null }, sum: over };
  },

  "frames at the limit": async () => {
    const bytes = atTheLimit();
    const count = size(10, 3);
    for (let i = 0; i < count; i++) {
      const socket = await connected();
      const answer = new Promise((go) => (socket.onText = go));
      await socket.write(bytes);
      expect("a frame at the limit", true, String(await Promise.race([answer, socket.ended])).includes("phx_reply"));
      socket.drop();
    }
    return { attackers: count, counted: { [limit("max-frame-bytes")]: 0 } };
  },

  "frames one over": async () => {
    const bytes = oneOver();
    const count = size(100, 20);
    await allClosedWith(1009, count, (socket) => socket.tcp.write(bytes));
    return { attackers: count, counted: { [limit("max-frame-bytes")]: count } };
  },

  "endless fragments": async () => {
    const empty = emptyFragments();
    const count = size(100, 20);
    await allClosedWith(1009, count, async (socket) => {
      let ended = false;
      socket.ended.then(() => (ended = true));
      socket.tcp.write(frame("[", { fin: false }));
      for (let i = 0; i < 20 && !ended; i++) await socket.write(empty);
    });
    return { attackers: count, counted: { [limit("max-fragments")]: count } };
  },

  "half messages": async () => {
    const count = size(100, 20);
    const half = halfMessage();
    const sockets = await many(count, async () => {
      const socket = await connected();
      await socket.write(half);
      return socket;
    });
    // All but the 8 KiB that each message has besides.
    const held = count * (HALF - 8_192);
    await until("what half messages hold is counted", async () => (await metrics()).get("roost_unfinished_bytes") >= held);
    const ping = frame("", { opcode: 9 });
    const timer = eachSecond(sockets, (socket) => socket.tcp.write(ping));
    if (short) {
      await sleep(3_000);
      sockets.forEach((socket) => socket.drop());
    }
    const codes = await Promise.all(sockets.map((socket) => socket.ended));
    clearInterval(timer);
    const silent = short ? 0 : count;
    expect("closed as silent, whatever pings came", silent, codes.filter((code) => code === 1002).length);
    await until("what they held is given back", async () => (await metrics()).get("roost_unfinished_bytes") === 0);
    return { attackers: count, counted: { [limit("idle-timeout")]: silent } };
  },

  "unread pings": async () => {
    const count = size(50, 10);
    const times = await counting("pings-per-second");
    const { ping, pings } = manyPings();
    const sockets = await many(count, () => connected());
    const begin = performance.now();
    await many(count, (i) => {
      sockets[i].tcp.pause();
      sockets[i].tcp.write(pings);
    });
    await sleep(size(3_000, 1_000));
    sockets.forEach((socket) => socket.tcp.resume());
    await sleep(500);
    // The rate, two seconds' worth at once, and what one read brings.
    const most = 100 * ((performance.now() - begin) / 1_000 + 2) + 65_536 / ping.length + 1;
    const pongs = sockets.map((socket) => socket.pongs);
    expect("sockets whose pings were answered up to the rate", count, pongs.filter((n) => n >= 200 && n <= most).length);
    sockets.forEach((socket) => socket.drop());
    expect("each of them is counted", true, (await times()) >= count);
    return { attackers: count, counted: { [limit("pings-per-second")]: null } }; // Some of them twice.
  },

  "deep JSON": async () => {
    const bytes = deep();
    const count = size(100, 20);
    await allClosedWith(1011, count, (socket) => socket.write(bytes));
    return { attackers: count, counted: { [limit("max-json-depth")]: count } };
  },

  "compressed frames": async () => {
    const count = size(100, 20);
    const silent = await connected();
    expect("compression is agreed on", false, silent.head.toLowerCase().includes("permessage-deflate"));
    silent.drop();
    await allClosedWith(1002, count, (socket) => socket.tcp.write(frame(Buffer.alloc(1_000), { rsv1: true })));
    return { attackers: count, counted: { 'roost_sockets_closed_total{code="1002"}': count } };
  },

  "deflate bombs": async () => {
    const count = size(200, 40);
    const bombs = bothBombs();
    const offer = ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"];
    const honest = await connected(SOCKET, offer);
    expect("compression is agreed on", true, honest.head.toLowerCase().includes("permessage-deflate"));
    const answer = new Promise((go) => (honest.onText = go));
    const beat = zlib.deflateRawSync('[null,"1","phoenix","heartbeat",{}]', { finishFlush: zlib.constants.Z_SYNC_FLUSH });
    honest.tcp.write(frame(beat.subarray(0, -4), { rsv1: true }));
    expect("a compressed heartbeat", true, String(await Promise.race([answer, honest.ended])).includes("phx_reply"));
    honest.drop();
    const codes = await many(count, async (i) => {
      const socket = await connected(SOCKET, offer);
      await socket.write(bombs[i % 2]);
      const code = await socket.ended;
      return code;
    }, 25);
    expect("bombs closed with 1009", count, codes.filter((code) => code === 1009).length);
    return { attackers: count, counted: { [limit("max-message-bytes")]: count } };
  },

  "slow readers": async () => {
    const count = size(50, 10);
    const sockets = await many(count, async () => {
      const socket = await connected();
      const joined = new Promise((go) => (socket.onText = go));
      socket.text('["1","1","room:fast","phx_join",{}]');
      await joined;
      socket.tcp.pause();
      return socket;
    });
    const talker = await connected();
    talker.text('["1","1","room:fast","phx_join",{}]');
    const cutOff = await counting("max-queued-bytes");
    const shout = frame('["1","2","room:fast","shout",{"pad":"' + "x".repeat(10_000) + '"}]');
    const timer = setInterval(() => talker.tcp.write(shout), 5);
    await until("every slow reader is cut off", async () => (await cutOff()) >= count);
    clearInterval(timer);
    sockets.forEach((socket) => socket.drop());
    talker.drop();
    return { attackers: count, counted: { [limit("max-queued-bytes")]: count } };
  },

  "foreign origins": async () => {
    const token = (await get(target.port, "/guarded/token?age=0")).body;
    const path = "/guarded/websocket?vsn=2.0.0&token=" + token;
    const status = async (headers) => {
      const socket = new Socket(target.port);
      const got = await socket.ask(path, headers);
      socket.drop();
      return got;
    };
    expect("its own page", 101, await status([`Origin: http://${HOST}:${target.port}`]));
    expect("no page at all", 101, await status([])); // a program: it could send any origin
    const foreign = [
      "https://evil.example", "null", "http://127.0.0.1.evil.example", "http://evil.example/127.0.0.1",
      "http://127.0.0.1@evil.example", "http://evil.example#127.0.0.1", "http://evil.example?127.0.0.1",
      "http://127.0.0.10", "http://27.0.0.1", "http://localhost", "http://[::1]", "file://", "data:text/html,x",
      "http://evil127.0.0.1", "//127.0.0.1.evil.example", "http://127.0.0.1%00.evil.example", "http://１27.0.0.1",
    ];
    const rounds = size(20, 2);
    const all = await many(foreign.length * rounds, (i) => status(["Origin: " + foreign[i % foreign.length]]));
    all.forEach((got, i) => expect("origin " + foreign[i % foreign.length], 403, got));
    return { attackers: all.length, counted: { [refused(403)]: all.length } };
  },

  "tokens": async () => {
    const status = async (token) => {
      const socket = new Socket(target.port);
      const query = token === undefined ? "" : "&token=" + encodeURIComponent(token);
      const got = await socket.ask("/guarded/websocket?vsn=2.0.0" + query);
      socket.drop();
      return got;
    };
    const made = async (age) => (await get(target.port, "/guarded/token?age=" + age)).body;
    const good = await made(0);
    const last = await made(30);
    expect("a token", 101, await status(good));
    expect("the same again, within its age, as with Phoenix", 101, await status(good));
    expect("one of half a minute", 101, await status(last));
    const bad = [undefined, "", ".", "..", "a.b.c", good + ".", good + "x", " " + good, good.slice(0, -1), await made(61), await made(100_000)];
    for (let i = 0; i < good.length; i++) {
      bad.push(good.slice(0, i) + (good[i] === "A" ? "B" : "A") + good.slice(i + 1));
    }
    const [head, body, mac] = good.split(".");
    const other = last.split(".");
    bad.push([head, other[1], mac].join("."), [head, body, other[2]].join("."), [body, head, mac].join("."));
    bad.push(Buffer.from('{"alg":"none"}').toString("base64url") + "." + body + ".", head + ".." + mac);
    const all = await many(bad.length, (i) => status(bad[i]));
    all.forEach((got, i) => expect("token " + bad[i], 403, got));
    return { attackers: all.length, counted: { [refused(403)]: all.length } };
  },

  "bodies of no session": async () => {
    const count = size(200, 50);
    const answers = await many(count, () => {
      const socket = new Socket(target.port);
      const made = Buffer.alloc(44).toString("base64url");
      socket.tcp.write(
        `POST /socket/longpoll?vsn=2.0.0&token=${made} HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n`);
      return socket.status.then((status) => (socket.drop(), status));
    });
    expect("answered before a body came", count, answers.filter((status) => status === 200).length);
    return { attackers: count, counted: { [refused(410)]: count } };
  },

  "fast polls": async () => {
    const count = size(50, 5);
    const topic = "room:polls" + crypto.randomUUID();
    const counted = await counting("polls-per-second");
    const sessions = await many(count, async () => {
      const session = await new Session().open();
      await session.ask("POST", `["1","1","${topic}","phx_join",{}]`);
      return session;
    });
    // Something comes for them 200 times a second, and each polls again as soon as it has its answer.
    const talker = await connected();
    const joined = new Promise((go) => (talker.onText = go));
    talker.text(`["1","1","${topic}","phx_join",{}]`);
    await joined;
    let said = 0;
    let over = false;
    const timer = setInterval(() => talker.text(`["1","2","${topic}","shout",{"n":${++said}}]`), 5);
    const polled = sessions.map(async (session) => {
      const heard = [];
      const begin = performance.now();
      let polls = 0;
      let within = 0;
      let status = 200;
      while (status < 300 && !(over && heard.at(-1) === said)) {
        const answer = await session.ask("GET");
        status = answer.status;
        polls++;
        // The rate, and two seconds' worth at once.
        within += polls <= 50 * ((performance.now() - begin) / 1_000 + 2) + 1;
        for (const [, , , event, payload] of answer.messages.map((text) => JSON.parse(text))) {
          if (event === "shout") heard.push(payload.n);
        }
      }
      return { polls, within, heard };
    });
    await sleep(size(4_000, 2_500));
    await until("as many polls have waited as there are sessions", async () => (await counted()) >= count);
    clearInterval(timer);
    over = true;
    talker.text(`["1","2","${topic}","shout",{"n":${++said}}]`);
    const results = await Promise.all(polled);
    expect("sessions with no answer over their rate", count, results.filter(({ polls, within }) => polls === within).length);
    expect("sessions that went on at their rate", count, results.filter(({ polls }) => polls >= 100).length);
    const whole = results.filter(({ heard }) => heard.length === said && heard.every((n, i) => n === i + 1));
    expect("sessions that lost nothing by it", count, whole.length);
    talker.drop();
    // Eight polls wait; whoever sends one more has the first of them answered, until he is over his rate.
    const ends = await many(count, async (i) => {
      const waiting = new Map();
      for (let number = 0; number < 5_000; number++) {
        waiting.set(number, sessions[i].ask("GET").then(({ status }) => ({ number, status })));
        if (waiting.size <= 8) continue;
        const first = await Promise.race(waiting.values());
        if (first.status !== 204) return (await Promise.all(waiting.values())).map(({ status }) => status);
        waiting.delete(first.number);
      }
      return [];
    }, 5);
    expect("sessions that ended with all their polls", count, ends.filter((all) => all.length === 9 && all.every((got) => got === 410)).length);
    sessions.forEach((session) => session.drop());
    expect("polls over their rate are counted, also those that end a session", true, (await counted()) >= 2 * count);
    return { attackers: count, counted: { [limit("polls-per-second")]: null } }; // Each poll that waits.
  },

  "fast renewals": async () => {
    const count = size(50, 10);
    const { token, renewals, frames } = manyRenewals();
    let over = 0;
    await many(count, async () => {
      const socket = await connected("/verified/websocket?vsn=2.0.0&access_token=" + token);
      const answered = { ok: 0, "too many renewals": 0, unavailable: 0 };
      let answers = 0;
      let alive;
      let within = 0;
      const rated = refusals();
      const begin = performance.now();
      const done = new Promise((go) => {
        socket.onText = (text) => {
          const reason = /"reason":"([^"]+)"/.exec(text)?.[1];
          const status = /"status":"([^"]+)"/.exec(text)[1];
          if (text.includes('"last"')) alive = status;
          else answered[reason ?? status]++;
          if (reason === "too many renewals") within += rated();
          if (++answers > renewals) go(alive);
        };
      });
      await socket.write(frames);
      socket.text('[null,"last","phoenix","heartbeat",{}]');
      expect("it stays", "ok", await Promise.race([done, socket.ended, sleep(90_000)]));
      const looked = answered.ok + answered.unavailable; // While one is looked at, another is not.
      const most = (performance.now() - begin) / 1_000 + 3;
      expect("new tokens that were answered", renewals, looked + answered["too many renewals"]);
      expect("new tokens that were looked at", "1 or more, within the rate", answered.ok >= 1 && looked <= most ? "1 or more, within the rate" : looked);
      expect("new tokens that were refused no faster than that has a rate", answered["too many renewals"], within);
      over += answered["too many renewals"];
      socket.drop();
    });
    return { attackers: count, counted: { [limit("token-renewals-per-second")]: null }, sum: over };
  },
};

async function honestly(honest, ms, what = "quiet") {
  honest.send("reset");
  await sleep(ms);
  return report(honest, what);
}

function report(honest, what = "report") {
  return new Promise((answer) => {
    honest.once("message", answer);
    honest.send(what);
  });
}

/** That process comes before all others: honest clients too have machines of their own in life, and wait for the server, not for a turn beside it. */
function stepForward(pid) {
  try {
    if (process.platform === "linux") {
      execFileSync("chrt", ["--all-tasks", "--rr", "--pid", "1", String(pid)], { stdio: "pipe" });
    } else {
      os.setPriority(pid, os.constants.priority.PRIORITY_HIGHEST);
    }
  } catch (error) {
    console.log(`honest clients take turns with the server, which their times contain: ${error.message.trim()}`);
  }
}

/** Whatever this process does from now on, the server and the honest clients go first: it gets what they leave. */
function stepBack() {
  if (process.platform !== "linux") return os.setPriority(os.constants.priority.PRIORITY_LOW);
  execFileSync("chrt", ["--all-tasks", "--idle", "--pid", "0", String(process.pid)]);
}

/** Attacks again and again for so long, and checks that it was counted exactly and that every place is given back. */
async function play(name, attack, ms, base) {
  const before = await metrics();
  const begin = performance.now();
  const expected = new Map();
  let attackers = 0;
  let sum;
  do {
    const done = await attack();
    attackers += done.attackers;
    if (done.sum !== undefined) sum = (sum ?? 0) + done.sum;
    for (const [counter, count] of Object.entries(done.counted)) {
      expected.set(counter, count === null ? null : (expected.get(counter) ?? 0) + count);
    }
    await sleep(begin + (attackers / ATTACKERS_PER_SECOND) * 1_000 - performance.now());
  } while (performance.now() - begin < ms);
  const settle = async () => {
    await until(name + ": every place is given back", async () => {
      const now = await metrics();
      return now.get("roost_connections") <= base.get("roost_connections") && now.get("roost_sockets") === base.get("roost_sockets");
    });
    const after = await metrics();
    let total = 0;
    for (const [counter, count] of expected) {
      const counted = (after.get(counter) ?? 0) - (before.get(counter) ?? 0);
      total += counted;
      if (count !== null) expect(`${name}: ${counter}`, count, counted);
    }
    if (sum !== undefined) expect(`${name}: refusals counted`, sum, total);
    return total;
  };
  return { attackers, settle };
}

/** What lives on the heap, in MB: not what clients cause between a collection and its measurement. */
function heap(pid) {
  const histogram = execFileSync("jcmd", [String(pid), "GC.class_histogram"], { encoding: "utf8", maxBuffer: 1 << 26 });
  return Number(/^Total +\d+ +(\d+)$/m.exec(histogram)[1]) / 1e6;
}

/** Starts a node. */
async function start({ name, port, admin }, key, before = []) {
  const command = [
    ...before, join(root, "launcher/target/roost/bin/roost"), "--port", port, "--admin-port", admin,
    "--applications", "fixture,guarded", "--compression", "--jwt-public-key-file", key].map(String);
  // The collections of heap() would give memory back to the system in the middle of it all, which no node that is left alone does.
  const env = { ...process.env, ROOST_APPS: fixture, JDK_JAVA_OPTIONS: `${process.env.JDK_JAVA_OPTIONS ?? ""} -XX:MaxHeapFreeRatio=100` };
  const started = spawn(command[0], command.slice(1), { env, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  started.stdout.on("data", (data) => (log = (log + data).slice(-20_000)));
  started.stderr.on("data", (data) => (log = (log + data).slice(-20_000)));
  process.on("exit", () => started.kill("SIGKILL"));
  await until(`the ${name} is ready`, () => log.includes(" is ready: ") || started.exitCode !== null);
  if (started.exitCode !== null) throw new Error(`the ${name} ended:\n` + log);
  return started;
}

/** Clients as they come in life, without a token and with one, until the JIT compiler has seen what each attacker does before it attacks. */
async function warmUp(count) {
  await many(count, async (number) => {
    const socket = await connected();
    const joined = new Promise((go) => (socket.onText = go));
    socket.text(`["1","1","room:warm${number}","phx_join",{}]`);
    await joined;
    socket.drop();
    const verified = await connected("/verified/websocket?vsn=2.0.0&access_token=" + manyRenewals().token);
    verified.drop();
  });
}

async function main() {
  if (!existsSync(fixture)) {
    console.error("build first: ./mvnw package -Dquick -Dmaven.test.skip=true -pl launcher/it -am");
    process.exit(2);
  }
  const keys = mkdtempSync(join(os.tmpdir(), "roost-abuse-"));
  process.on("exit", () => rmSync(keys, { recursive: true }));
  const key = join(keys, "provider.pem");
  writeFileSync(key, provider.publicKey.export({ type: "spki", format: "pem" }));
  const roost = await start(node, key);
  // Now: later one of the connections may have its port.
  const other = short ? undefined : await start(elsewhere, key, os.platform() === "linux" ? ["chrt", "--idle", "0"] : []);

  const honest = fork(join(root, "launcher/bench/abuse/honest.mjs"), [String(node.port)]);
  process.on("exit", () => honest.kill("SIGKILL"));
  await new Promise((go) => honest.once("message", go));
  stepBack();
  stepForward(honest.pid);
  const quietMs = size(4_000, 2_000);
  await honestly(honest, size(15_000, 4_000), "warm-up"); // until the JIT has seen it all
  await warmUp(size(40_000, 500));
  await honestly(honest, size(30_000, 2_000));
  const baseHeap = heap(roost.pid);
  const base = await metrics();

  console.log("| attack | attackers | refusals counted | honest p99, quiet | another node attacked | theirs attacked | heap after |\n|---|---|---|---|---|---|---|");
  const leastMs = size(3_000, 0);
  for (const [name, attack] of Object.entries(attacks).filter(([name]) => only.some((word) => name.includes(word)))) {
    if (!short && !patient.includes(name)) {
      for (target of [elsewhere, node, node, node]) await (await play(`${name}, before`, attack, leastMs, await metrics())).settle();
    }
    for (let attempt = 1; ; attempt++) {
      heap(roost.pid);
      const quiet = await honestly(honest, quietMs);
      let beside;
      if (other) {
        target = elsewhere;
        const before = await metrics();
        honest.send("reset");
        const played = await play(`${name}, another node`, attack, leastMs, before);
        beside = await report(honest);
        await played.settle();
        target = node;
      }
      honest.send("reset");
      const played = await play(name, attack, leastMs, base);
      const during = await report(honest);
      const total = await played.settle();
      let left;
      const most = baseHeap + 4;
      // Timers of sockets that were closed may keep them for a while.
      for (let i = 0; i < 15 && (left = heap(roost.pid)) > most; i++) await sleep(1_000);
      // That of one quiet spell is that of some 3,000 answers, which the machine's own stalls decide; of all of them together it is firm.
      const most99 = 2 * (await report(honest, "all quiet")).p99;
      const fine = during.p99 <= most99;
      console.log(
        `| ${name}${attempt > 1 ? `, try ${attempt}` : ""} | ${played.attackers} | ${total} | ${quiet.p99.toFixed(1)} ms | ${beside === undefined ? "" : beside.p99.toFixed(1) + " ms"} | ${during.p99.toFixed(1)} ms${fine ? "" : " (over)"} | ${left.toFixed(1)} MB |`);
      if (left > most) problems.push(`${name}: the heap grew from ${baseHeap.toFixed(1)} to ${left.toFixed(1)} MB`);
      if (fine || short) break;
      if (attempt === 3) {
        problems.push(`${name}: honest clients waited ${during.p99.toFixed(1)} ms, thrice; at most ${most99.toFixed(1)} ms`);
        break;
      }
    }
  }
  const all = await report(honest, "all quiet");
  console.log(`\nquiet, all of it together: p99 ${all.p99.toFixed(1)} ms of ${all.count} answers`);
  const { lost } = await report(honest);
  expect("honest clients that lost their connection", 0, lost);
  honest.kill();
  await until("every address is forgotten", async () => (await metrics()).get("roost_addresses") === 0);
  const end = await metrics();
  console.log(`\nat the end: ${end.get("roost_connections")} connections, ${end.get("roost_sockets")} sockets, ${end.get("roost_addresses")} addresses; heap at the start ${baseHeap.toFixed(1)} MB`);
  expect("sockets that are left", 0, end.get("roost_sockets"));
  other?.kill("SIGKILL");
  roost.kill("SIGTERM");
  await new Promise((go) => roost.once("exit", go));
  problems.forEach((problem) => console.error(problem));
  process.exit(problems.length === 0 ? 0 : 1);
}

await main();
