/**
 * Kills, drains, freezes and cuts off the nodes of a cluster while phoenix.js clients come, go and
 * change, and fails unless, after each run, every client's list of every topic is the truth:
 *
 *   node --experimental-websocket .ci/presence-chaos.mjs [--runs=50] [--seed=1] [--faults=4] [--only=KIND]
 *
 * After a build, as root: two gateways and three channel nodes of the fixture run in processes and
 * network namespaces of their own; a node that was ended is started again. The truth is what the clients know of themselves: who has
 * joined what, under which name, with which status; a status whose update nobody has confirmed or
 * undone is left out. Every third seat is also present in another topic, which mostly another node hosts. Prints a line for each run and a summary for docs/reliability.md.
 */

import { execFileSync, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Networks } from "./networks.mjs";
import { Presence, Socket } from "../channel-verticles/demo/node_modules/phoenix/priv/static/phoenix.mjs";

const options = Object.fromEntries(
  process.argv.slice(2).map((argument) => argument.replace(/^--/, "").split("=")),
);
const RUNS = Number(options.runs ?? 50);
const SEED = Number(options.seed ?? 1);
const FAULTS = Number(options.faults ?? 4);
const SOCKETS = 24;
const TOPICS = 6;
const EACH_JOINS = 3;
const STATUSES = ["online", "busy", "away", "dnd"];
// A node that froze while its side of a split was joining the other is away for a minute (docs/operations.md).
const REST_MS = 120_000;
const START_MS = 120_000;
const root = fileURLToPath(new URL("..", import.meta.url));
const logs = mkdtempSync(join(tmpdir(), "presence-chaos-"));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A small generator of random numbers under a seed (mulberry32). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

async function until(what, limit, condition) {
  const start = Date.now();
  for (;;) {
    if (condition()) {
      return Date.now() - start;
    }
    if (Date.now() - start > limit) {
      throw new Error(`not within ${limit} ms: ${what}`);
    }
    await pause(20);
  }
}

/* ---- nodes */

// The first node keeps account of the classes that it loads; all later ones start from an archive of them, with half
// of the processor time.
let classes = "-XX:+RecordDynamicDumpInfo";

function archiveClasses(node) {
  const archive = join(logs, "classes.jsa");
  try {
    const java = execFileSync(join(root, "launcher/target/roost/bin/find-java"), { encoding: "utf8" }).trim();
    execFileSync(join(java, "../jcmd"), [String(node.process.pid), "VM.cds", "dynamic_dump", archive], { stdio: "pipe" });
    classes = `-XX:SharedArchiveFile=${archive}`;
  } catch (error) {
    console.log(`nodes start without an archive of classes: ${error.message}`);
    classes = "";
  }
}

class Node {
  #starts = 0;

  constructor(machine, name, args) {
    this.machine = machine;
    this.name = name;
    this.args = args;
  }

  async start() {
    this.#starts += 1;
    const log = createWriteStream(join(logs, `${this.name}-${this.#starts}.log`));
    this.isReady = false;
    const [command, ...args] = [
      ...networks.prefix(this.machine),
      join(root, "launcher/target/roost/bin/roost"),
      ...this.args,
    ];
    this.process = spawn(command, args, {
      env: {
        ...process.env,
        ROOST_APPS: join(root, "launcher/it/target/roost-it-0.1.0-SNAPSHOT.jar"),
        JDK_JAVA_OPTIONS: `-XX:TieredStopAtLevel=1 -Xmx256m ${classes}`,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const read = (data) => {
      log.write(data);
      this.isReady ||= String(data).includes(" is ready: ");
    };
    this.process.stdout.on("data", read);
    this.process.stderr.on("data", read);
    await until(`${this.name} is ready, see ${logs}`, START_MS, () => this.isReady);
  }

  async ended() {
    await until(
      `${this.name} has ended`,
      START_MS,
      () => this.process.exitCode !== null || this.process.signalCode !== null,
    );
  }

  signal(name) {
    this.process.kill(name);
  }
}

const CLUSTER_PORT = 5701;
const PORT = 4000;
const networks = new Networks(5);
const seeds = Array.from({ length: 5 }, (_, i) => `${networks.host(i)}:${CLUSTER_PORT}`).join(",");
const node = (machine, name, ...more) =>
  new Node(machine, name, [
    "--applications=fixture",
    "--cluster-name=presence",
    `--cluster-seeds=${seeds}`,
    `--cluster-host=${networks.host(machine)}`,
    `--cluster-port=${CLUSTER_PORT}`,
    "--bus-port=0",
    ...more,
  ]);
const gatewayHost = (gateway) => networks.host(3 + gateway);
const channelNodes = [0, 1, 2].map((i) => node(i, `channels-${i}`, "--role=channels"));
const gateways = [0, 1].map((i) =>
  node(3 + i, `gateway-${i}`, "--role=gateway", `--host=${gatewayHost(i)}`, `--port=${PORT}`),
);

/* ---- clients */

// A browser's: that of Node 20 tells of a connect that failed by "error" alone, without "close".
class BrowserWebSocket extends WebSocket {
  constructor(...given) {
    super(...given);
    let closed = false;
    this.addEventListener("close", () => (closed = true));
    this.addEventListener("error", () => setTimeout(() => closed || this.onclose?.({ code: 1006 }), 50));
  }
}

/** One topic of one socket. */
class Seat {
  // What came lately, to be shown if the list turns out to be wrong.
  heard = [];

  constructor(socket, topic, user, also) {
    this.topic = topic;
    this.user = user;
    this.also = also;
    this.status = "online";
    this.channel = socket.channel(topic, { user, also });
    this.presence = new Presence(this.channel);
    this.channel.onMessage = (event, payload) => {
      const time = new Date().toISOString().slice(11, 23);
      const refs = (presences) => Object.entries(presences ?? {}).map(([key, { metas }]) => `${key}:${metas.map((meta) => meta.phx_ref.slice(-6))}`);
      if (event === "presence_state") {
        this.heard.push(`${time} state [${refs(payload)}]`);
      } else if (event === "presence_diff") {
        this.heard.push(`${time} diff +[${refs(payload.joins)}] -[${refs(payload.leaves)}]`);
      } else if (event && !event.startsWith("chan_reply")) {
        this.heard.push(`${time} ${event} ${event === "phx_reply" ? payload.status : ""}, join ${this.channel.joinRef()}, ${this.presence.pendingDiffs.length} diffs wait`);
      }
      this.heard.splice(0, this.heard.length - 40);
      return payload;
    };
    this.channel.onError(() => (this.status = undefined));
    this.channel
      .join(5_000)
      .receive("ok", () => (this.status = "online"));
  }

  get isJoined() {
    return this.channel.state === "joined";
  }

  update(status) {
    if (!this.isJoined) {
      return;
    }
    const ref = this.channel.joinRef();
    this.status = undefined;
    this.channel.push("status", { status }, 5_000).receive("ok", () => {
      if (this.channel.joinRef() === ref) {
        this.status = status;
      }
    });
  }

  /** Resolves when it is over: a diff under way to who joins again before would be taken for the next join's. */
  leave() {
    return new Promise((over) => this.channel.leave().receive("ok", over).receive("timeout", over));
  }
}

class Client {
  seats = [];
  leaving = new Set();
  sat = 0;

  constructor(number) {
    this.number = number;
    this.gateway = number % 2;
    this.user = `g${this.gateway}-user${Math.floor(number / 4)}`;
    this.socket = new Socket(`ws://${gatewayHost(this.gateway)}:${PORT}/socket`, {
      transport: BrowserWebSocket,
      heartbeatIntervalMs: 3_000,
      reconnectAfterMs: () => 200,
      rejoinAfterMs: () => 200,
    });
    this.socket.connect();
  }

  sit(topic) {
    this.sat += 1;
    const next = topics[(topics.indexOf(topic) + 1) % topics.length];
    this.seats.push(new Seat(this.socket, topic, this.user, (this.number + this.sat) % 3 === 0 ? next : undefined));
  }
}

/** What is true of a topic, as its members know of themselves: user → statuses, undefined if unsure. */
function truth(clients, topic) {
  const users = {};
  for (const { seats } of clients) {
    for (const seat of seats) {
      if (seat.topic === topic) {
        (users[seat.user] ??= []).push(seat.status);
      }
      if (seat.also === topic) {
        (users[seat.user] ??= []).push("elsewhere");
      }
    }
  }
  return users;
}

/** What is wrong in a list, or undefined. */
function wrong(list, expected) {
  const keys = Object.keys(list).sort().join();
  const users = Object.keys(expected).sort().join();
  if (keys !== users) {
    return `present ${keys}, should be ${users}`;
  }
  for (const [user, statuses] of Object.entries(expected)) {
    const { metas } = list[user];
    if (metas.length !== statuses.length) {
      return `${user} has ${metas.length} metas, should have ${statuses.length}`;
    }
    const told = metas.map(({ status }) => status).sort().join();
    if (!statuses.includes(undefined) && told !== [...statuses].sort().join()) {
      return `${user} is ${told}, should be ${statuses}`;
    }
  }
  return undefined;
}

function allWrong(clients) {
  const faults = [];
  for (const topic of topics) {
    const expected = truth(clients, topic);
    for (const client of clients) {
      for (const seat of client.seats.filter((each) => each.topic === topic)) {
        const fault = seat.isJoined ? wrong(seat.presence.state, expected) : "not joined";
        if (fault) {
          faults.push(`client ${client.number} in ${topic}: ${fault}\n    ${seat.heard.join("\n    ")}`);
        }
      }
    }
  }
  return faults;
}

/* ---- runs */

const topics = [];
const counts = {};
/** Times until those of a gateway have to be gone; of one that is frozen, cluster-timeout and a second. */
const PROMISED_MS = { "kill a gateway": 2_000, "freeze a gateway": 6_000 };
const gone = { "kill a gateway": [], "freeze a gateway": [] };

/** Times until the others see that nobody of a gateway is there any more. */
function watchGone(kind, clients, gateway) {
  const start = Date.now();
  const others = clients.filter((client) => client.gateway !== gateway);
  const mark = `g${gateway}-`;
  const isListed = ({ presence }) => Object.keys(presence.state).some((key) => key.startsWith(mark));
  if (!others.some(({ seats }) => seats.some(isListed))) {
    return; // They are on the other side of a split, which is not over for these clients.
  }
  const timer = setInterval(() => {
    const left = !others.some(({ seats }) => seats.some(isListed));
    if (left || Date.now() - start > 30_000) {
      clearInterval(timer);
      const ms = left ? Date.now() - start : Infinity;
      gone[kind].push(ms);
      console.log(`    nobody of gateway-${gateway} is left after ${ms} ms`);
    }
  }, 10);
}

const pick = (rnd, list) => list[Math.floor(rnd() * list.length)];

const KINDS = [
  "kill a channel node",
  "drain a channel node",
  "freeze a channel node",
  "kill a gateway",
  "freeze a gateway",
  "split the cluster",
];

/** Two sides, neither of them empty, for a while. */
async function split(rnd) {
  const machines = [0, 1, 2, 3, 4];
  const side = machines.filter(() => rnd() < 0.5);
  if (side.length === 0 || side.length === machines.length) {
    side.splice(0, side.length, Math.floor(rnd() * machines.length));
  }
  const ms = 5_000 + rnd() * 15_000;
  console.log(`    machines ${side} and the others, for ${Math.round(ms)} ms`);
  networks.split(side);
  await pause(ms);
  networks.heal();
}

async function fault(rnd, clients) {
  const kind = options.only ?? pick(rnd, KINDS);
  const isGateway = kind.endsWith("gateway");
  const victim = kind === "split the cluster" ? undefined : pick(rnd, isGateway ? gateways : channelNodes);
  counts[kind] = (counts[kind] ?? 0) + 1;
  console.log(`  ${new Date().toISOString().slice(11, 23)} ${kind}${victim ? `: ${victim.name}` : ""}`);
  if (kind === "split the cluster") {
    await split(rnd);
    return;
  }
  if (kind in gone) {
    watchGone(kind, clients, gateways.indexOf(victim));
  }
  if (kind.startsWith("freeze")) {
    victim.signal("SIGSTOP");
    await pause(9_000);
    victim.signal("SIGCONT");
  } else {
    victim.signal(kind.startsWith("kill") ? "SIGKILL" : "SIGTERM");
    await victim.ended();
    await pause(3_000);
    await victim.start();
  }
}

/** Clients change all the time. */
function restless(rnd, clients) {
  return setInterval(() => {
    const client = pick(rnd, clients);
    const seat = pick(rnd, client.seats);
    const what = rnd();
    if (what < 0.7) {
      seat?.update(pick(rnd, STATUSES));
    } else if (seat && client.seats.length > 1 && what < 0.85) {
      client.seats.splice(client.seats.indexOf(seat), 1);
      client.leaving.add(seat.topic);
      seat.leave().then(() => client.leaving.delete(seat.topic));
    } else {
      const free = topics.filter((topic) => !client.leaving.has(topic) && client.seats.every((each) => each.topic !== topic));
      if (free.length > 0) {
        client.sit(pick(rnd, free));
      }
    }
  }, 50);
}

async function play(seed) {
  const rnd = random(seed);
  topics.splice(0, topics.length, ...Array.from({ length: TOPICS }, (_, i) => `presence:${seed}-${i}`));
  const clients = Array.from({ length: SOCKETS }, (_, i) => new Client(i));
  for (const client of clients) {
    for (let i = 0; i < EACH_JOINS; i += 1) {
      client.sit(topics[(client.number + i * 2) % TOPICS]);
    }
  }
  const restlessness = restless(rnd, clients);
  for (let i = 0; i < FAULTS; i += 1) {
    await pause(500 + rnd() * 1_500);
    await fault(rnd, clients);
  }
  clearInterval(restlessness);
  let faults = [];
  const start = Date.now();
  let calmSince = start;
  // Equal for a second on end: nothing comes any more that changes it.
  while (Date.now() - calmSince < 1_000) {
    faults = allWrong(clients);
    if (faults.length > 0) {
      calmSince = Date.now();
      if (calmSince - start > REST_MS) {
        break;
      }
    }
    await pause(20);
  }
  const lists = clients.reduce((sum, { seats }) => sum + seats.length, 0);
  const settled = calmSince - start;
  clients.forEach(({ socket }) => socket.disconnect());
  console.log(
    `run ${seed}: ${lists} lists, ${faults.length === 0 ? `equal ${settled} ms after the last fault` : "WRONG"}`,
  );
  faults.slice(0, 10).forEach((each) => console.log(`  ${each}`));
  return { lists, settled, wrong: faults.length };
}

const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];

const all = [...channelNodes, ...gateways];
let failed = true;

function cleanUp() {
  for (const each of all) {
    if (each.process?.exitCode === null) {
      each.signal("SIGCONT");
      each.signal("SIGKILL");
    }
  }
  networks.close();
}

for (const end of ["SIGINT", "SIGTERM", "uncaughtException"]) {
  process.once(end, (reason) => {
    console.error(reason);
    cleanUp();
    process.exit(1);
  });
}

try {
  await channelNodes[0].start();
  archiveClasses(channelNodes[0]);
  await Promise.all(all.slice(1).map((each) => each.start()));
  const results = [];
  for (let seed = SEED; seed < SEED + RUNS; seed += 1) {
    results.push(await play(seed));
  }
  const sum = (field) => results.reduce((total, result) => total + result[field], 0);
  const settled = results.map((result) => result.settled);
  console.log(`${RUNS} runs from seed ${SEED}, ${sum("lists")} lists, ${sum("wrong")} wrong`);
  console.log(`settled after the last fault: median ${quantile(settled, 0.5)} ms, most ${Math.max(...settled)} ms`);
  for (const [kind, count] of Object.entries(counts).sort()) {
    const times = gone[kind] ?? [];
    const after = times.length > 0 ? `; its people gone after ${quantile(times, 0.5)} ms, at most ${Math.max(...times)} ms` : "";
    console.log(`${kind}: ${count}${after}`);
  }
  // One that is frozen for no longer than its detection takes may go on before anybody has noticed.
  const stayed = gone["kill a gateway"].filter((ms) => ms === Infinity).length;
  if (stayed > 0) {
    console.log(`the people of ${stayed} killed gateways were still there after 30 s`);
  }
  // What docs/presence.md states, in the median. A few times alone tell more of the machine, and of a split that is
  // still healing: of those the shortest may not be twice as long.
  const late = Object.entries(PROMISED_MS).filter(([kind, ms]) =>
    gone[kind].length >= 5 ? quantile(gone[kind], 0.5) > ms : gone[kind].length > 0 && gone[kind].every((each) => each > 2 * ms && each < Infinity),
  );
  late.forEach(([kind, ms]) => console.log(`${kind}: over ${ms} ms in the median, or twice that`));
  failed = sum("wrong") > 0 || stayed > 0 || late.length > 0;
} catch (error) {
  console.error(error);
} finally {
  cleanUp();
}
process.exit(failed ? 1 : 0);
