/**
 * Measures presence in large topics, and fails if anybody timed out or a list is wrong:
 *
 *   node launcher/bench/presence.mjs PHXLOAD [--seconds=60] [--only=crowd|burst]
 *       [--members=35000] [--hall=10000]
 *
 * PHXLOAD is the load generator's program. After a build. Two gateways and two channel nodes, each a
 * process in its production configuration, on 127.0.0.1, ports from 4310 on.
 *
 *   crowd   35,000 sockets are present in one topic; 400 of them leave and 400 come each second,
 *           before the eyes of 100 watchers. Each is tracked by a channel of another topic, half of
 *           them on the other node.
 *   burst   10,000 members of one topic, present in it; 500 more join at once, and each gets the list.
 */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, openSync, readFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { frame, upgrade } from "./abuse/socket.mjs";

const CHURN_SOCKETS = 2_000;
const CHANGES_A_SECOND = 400;
const WATCHERS = 100;
const BURST = 500;
const PATH = "/socket/websocket?vsn=2.0.0";

const [phxload, ...rest] = process.argv.slice(2);
if (!phxload) {
  console.error("usage: node launcher/bench/presence.mjs PHXLOAD [--seconds=60] [--only=crowd|burst]");
  process.exit(2);
}
const options = Object.fromEntries(rest.map((argument) => argument.replace(/^--/, "").split("=")));
const SECONDS = Number(options.seconds ?? 60);
const MEMBERS = Number(options.members ?? 35_000);
const HALL = Number(options.hall ?? 10_000);
const root = fileURLToPath(new URL("../..", import.meta.url));
const logs = mkdtempSync(join(tmpdir(), "presence-bench-"));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const running = new Set();
let failed = false;

function fail(what) {
  failed = true;
  console.error(`FAILED: ${what}`);
}

/* ---- processes */

class Process {
  constructor(name, command, args, env = {}) {
    this.log = join(logs, `${name}.log`);
    const log = openSync(this.log, "w");
    this.process = spawn(command, args, { stdio: ["ignore", log, log], env: { ...process.env, ...env } });
    this.ended = new Promise((resolve) => this.process.once("exit", resolve));
    running.add(this);
    this.ended.then(() => running.delete(this));
  }

  async says(text) {
    for (let i = 0; i < 1_200; i += 1) {
      if (readFileSync(this.log, "utf8").includes(text)) {
        return;
      }
      if (this.process.exitCode !== null) {
        break;
      }
      await pause(100);
    }
    throw new Error(`"${text}" did not come:\n${readFileSync(this.log, "utf8")}`);
  }

  /** Seconds of CPU so far. */
  get cpu() {
    const fields = readFileSync(`/proc/${this.process.pid}/stat`, "utf8").split(") ")[1].split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  get megabytes() {
    return Math.round(Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${this.process.pid}/smaps_rollup`))[1]) / 1_024);
  }

  async stop() {
    this.process.kill("SIGTERM");
    await this.ended;
  }
}

const GATEWAYS = [4310, 4311];
const seeds = [0, 1, 2, 3].map((i) => `127.0.0.1:${4320 + 8 * i}`).join();

function node(number, name, ...more) {
  const args = [
    `--cluster-name=presence-bench-${process.pid}`,
    `--cluster-seeds=${seeds}`,
    `--cluster-port=${4320 + 8 * number}`,
    `--bus-port=${4324 + 8 * number}`,
    ...more,
  ];
  return new Process(name, join(root, "launcher/target/roost/bin/roost"), args, {
    ROOST_APPS: join(root, "launcher/bench/target/bench/lib/roost-bench-0.1.0-SNAPSHOT.jar"),
  });
}

async function startCluster() {
  const channels = [0, 1].map((i) => node(i, `channels-${i}`, "--role=channels", "--applications=crowd"));
  const gateways = GATEWAYS.map((port, i) =>
    node(2 + i, `gateway-${i}`, "--role=gateway", `--port=${port}`),
  );
  await Promise.all([...channels, ...gateways].map((each) => each.says("is ready")));
  await pause(12_000); // Until both channel nodes have their share.
  return { channels, gateways, all: [...channels, ...gateways] };
}

/** Sockets that join a topic each and stay. */
function crowd(name, port, topic, rooms, count, seconds) {
  const args = ["idle", "--target", `127.0.0.1:${port}`, "-c", count, "--ramp", 1_000, "--topic", topic, "--rooms", rooms];
  return new Process(name, phxload, [...args, "--duration", seconds, "--warmup", 0, "--watchdog", seconds + 300].map(String));
}

/* ---- clients */

/** A client that reads much without looking at all of it. */
class Client {
  #head = false;
  #chunks = [];
  #bytes = 0;
  #need = 0;
  #ref = 0;
  received = 0;

  constructor(port, onFrame) {
    this.onFrame = onFrame;
    this.tcp = net.connect({ port, host: "127.0.0.1", noDelay: true });
    this.tcp.on("error", (error) => fail(`a client's connection: ${error.message}`));
    this.tcp.on("data", (data) => this.#read(data));
    this.isOpen = new Promise((resolve) => (this.opened = resolve));
    this.tcp.once("connect", () => this.tcp.write(upgrade(port, PATH)));
  }

  #read(data) {
    if (!this.#head) {
      const end = data.indexOf("\r\n\r\n");
      if (end < 0) {
        return;
      }
      this.#head = true;
      this.opened();
      data = data.subarray(end + 4);
    }
    if (data.length === 0) {
      return;
    }
    this.received += data.length;
    this.#chunks.push(data);
    this.#bytes += data.length;
    while (this.#bytes >= Math.max(2, this.#need)) {
      const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      const short = all[1] & 0x7f;
      const size = short < 126 ? 0 : short === 126 ? 2 : 8;
      let need = 2 + size;
      if (all.length >= need) {
        need += size === 0 ? short : size === 2 ? all.readUInt16BE(2) : Number(all.readBigUInt64BE(2));
      }
      if (all.length < need) {
        this.#chunks = [all];
        this.#need = need;
        return;
      }
      const rest = all.subarray(need);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#bytes = rest.length;
      this.#need = 0;
      this.onFrame(all.subarray(2 + size, need), this);
    }
  }

  send(joinRef, topic, event, payload = {}) {
    this.#ref += 1;
    this.tcp.write(frame(JSON.stringify([joinRef, String(this.#ref), topic, event, payload])));
  }

  close() {
    this.tcp.destroy();
  }
}

const eventOf = (body) => /^\[[^,]*,[^,]*,"[^"]*","([^"]*)"/.exec(body.subarray(0, 200).toString("latin1"))?.[1];
const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];

async function count(port, topic) {
  let answer;
  const found = new Promise((resolve) => (answer = resolve));
  const client = new Client(port, (body) => {
    const text = body.toString();
    if (text.includes('"present"')) {
      answer(JSON.parse(text)[4].response.present);
    }
  });
  await client.isOpen;
  client.send("1", topic, "phx_join", { watch: true });
  client.send("1", topic, "count");
  const number = await Promise.race([found, pause(30_000).then(() => NaN)]);
  client.close();
  return number;
}

async function countUntil(topic, expected, seconds) {
  let present = NaN;
  for (let i = 0; i < seconds && present !== expected; i += 1) {
    await pause(1_000);
    present = await count(GATEWAYS[0], topic);
  }
  if (present !== expected) {
    fail(`${present} are present in ${topic}, should be ${expected}`);
  }
  return present;
}

/* ---- a crowd that comes and goes */

async function measureCrowd() {
  const cluster = await startCluster();
  const still = MEMBERS - CHURN_SOCKETS / 2;
  const halves = GATEWAYS.map((port, i) =>
    crowd(`crowd-${i}`, port, `seat:${i}-%d`, 0, still / 2, SECONDS + 150),
  );
  await countUntil("crowd:seats", still, 180);
  const diffs = { count: 0, bytes: 0, joins: 0, leaves: 0 };
  const watchers = Array.from(
    { length: WATCHERS },
    (_, i) =>
      new Client(GATEWAYS[i % 2], (body) => {
        if (i === 0 && eventOf(body) === "presence_diff") {
          const diff = JSON.parse(body)[4];
          diffs.count += 1;
          diffs.bytes += body.length;
          diffs.joins += Object.keys(diff.joins).length;
          diffs.leaves += Object.keys(diff.leaves).length;
        }
      }),
  );
  await Promise.all(watchers.map((each) => each.isOpen));
  watchers.forEach((each) => each.send("1", "crowd:seats", "phx_join", { watch: true }));

  // Half of these are in their seats at any time.
  const latencies = [];
  const away = [];
  const seated = [];
  const seats = Array.from({ length: CHURN_SOCKETS }, (_, i) => {
    const seat = { topic: `seat:churn-${i}`, joins: 0 };
    seat.client = new Client(GATEWAYS[i % 2], (body) => {
      const event = eventOf(body);
      if (event === "tracked") {
        latencies.push(performance.now() - seat.since);
        seated.push(seat);
      } else if (event === "failed" || event === "phx_error") {
        fail(`${seat.topic}: ${body}`);
      } else if (event === "phx_close") {
        away.push(seat);
      }
    });
    return seat;
  });
  await Promise.all(seats.map(({ client }) => client.isOpen));
  away.push(...seats);
  const sit = (seat) => {
    seat.joins += 1;
    seat.since = performance.now();
    seat.client.send(`j${seat.joins}`, seat.topic, "phx_join");
  };
  for (let i = 0; i < CHURN_SOCKETS / 2; i += 1) {
    sit(away.shift());
    await pause(2);
  }
  await countUntil("crowd:seats", MEMBERS, 30);
  latencies.length = 0;
  Object.keys(diffs).forEach((key) => (diffs[key] = 0));
  const received = () => watchers.reduce((sum, each) => sum + each.received, 0);
  const before = { cpu: cluster.all.map((each) => each.cpu), received: received(), time: performance.now() };
  let joins = 0;
  let leaves = 0;
  let missed = 0;
  while (performance.now() - before.time < SECONDS * 1_000) {
    const due = Math.floor(((performance.now() - before.time) / 1_000) * CHANGES_A_SECOND);
    for (; leaves + missed < due; ) {
      const [leaver, comer] = [seated.shift(), away.shift()];
      if (!leaver || !comer) {
        // Whoever waits is still on the way: that many are late.
        missed += 1;
        [leaver && seated.unshift(leaver), comer && away.unshift(comer)];
        continue;
      }
      leaver.client.send(`j${leaver.joins}`, leaver.topic, "phx_leave");
      sit(comer);
      leaves += 1;
      joins += 1;
    }
    await pause(5);
  }
  const seconds = (performance.now() - before.time) / 1_000;
  const cpu = cluster.all.map((each, i) => each.cpu - before.cpu[i]);
  const bytes = received() - before.received;
  await countUntil("crowd:seats", MEMBERS, 30);
  const changes = joins + leaves;
  const us = (processes) => ((processes.reduce((sum, each) => sum + each, 0) / changes) * 1e6).toFixed(0);
  if (missed > 0) {
    fail(`${missed} changes came too late for the rate`);
  }
  console.log(`crowd: ${MEMBERS} present, ${(joins / seconds).toFixed(0)} joins and ${(leaves / seconds).toFixed(0)} leaves a second for ${seconds.toFixed(0)} s, ${WATCHERS} watchers`);
  console.log(`  join until tracked: median ${quantile(latencies, 0.5).toFixed(1)} ms, p99 ${quantile(latencies, 0.99).toFixed(1)} ms, most ${Math.max(...latencies).toFixed(1)} ms of ${latencies.length}`);
  console.log(`  CPU a change: ${us(cpu)} us in all, ${us(cpu.slice(0, 2))} us of it on the channel nodes (${cpu.map((each) => ((each / seconds) * 100).toFixed(0)).join(", ")} % of a core: channel nodes, gateways)`);
  console.log(`  diffs: ${(diffs.count / seconds).toFixed(2)} a second, ${(diffs.bytes / diffs.count).toFixed(0)} bytes each, ${((diffs.joins + diffs.leaves) / diffs.count).toFixed(0)} changes each, ${(diffs.bytes / (diffs.joins + diffs.leaves)).toFixed(0)} bytes a change; ${(bytes / seconds / 1e6).toFixed(1)} MB/s to all watchers`);
  console.log(`  memory: ${cluster.all.map((each) => each.megabytes).join(", ")} MB`);
  [...watchers, ...seats.map(({ client }) => client)].forEach((each) => each.close());
  await Promise.all(halves.map((each) => each.stop()));
  await countUntil("crowd:seats", 0, 30);
  await Promise.all(cluster.all.map((each) => each.stop()));
}

/* ---- many who want the list at once */

async function measureBurst() {
  const cluster = await startCluster();
  const halves = GATEWAYS.map((port, i) => crowd(`hall-${i}`, port, "crowd:hall", 1, HALL / 2, 200));
  await countUntil("crowd:hall", HALL, 120);
  await pause(3_000);
  const versions = new Map();
  const sizes = [];
  const times = [];
  let start = 0;
  const clients = Array.from(
    { length: BURST },
    (_, i) =>
      new Client(GATEWAYS[i % 2], (body) => {
        if (eventOf(body) === "presence_state") {
          // Behind the join ref, which is each client's own.
          const state = createHash("sha256").update(body.subarray(body.indexOf(","))).digest("hex");
          versions.set(state, (versions.get(state) ?? 0) + 1);
          sizes.push(body.length);
          times.push(performance.now() - start);
        }
      }),
  );
  await Promise.all(clients.map((each) => each.isOpen));
  const before = cluster.all.map((each) => each.cpu);
  start = performance.now();
  clients.forEach((each) => each.send("1", "crowd:hall", "phx_join", { list: true }));
  for (let i = 0; i < 600 && sizes.length < BURST; i += 1) {
    await pause(100);
  }
  if (sizes.length !== BURST) {
    fail(`${sizes.length} of ${BURST} got a list`);
  }
  const cpu = cluster.all.map((each, i) => each.cpu - before[i]);
  await countUntil("crowd:hall", HALL + BURST, 30);
  console.log(`burst: ${BURST} join a topic of ${HALL} at once, each gets a list of ${Math.round(quantile(sizes, 0.5) / 1_000)} KB`);
  console.log(`  lists written: ${versions.size} for ${sizes.length} who got one; all had theirs after ${Math.max(...times).toFixed(0)} ms, the median after ${quantile(times, 0.5).toFixed(0)} ms`);
  console.log(`  CPU: ${cpu.map((each) => (each * 1_000).toFixed(0)).join(", ")} ms (channel nodes, gateways), diffs to all members included; ${((cpu.reduce((sum, each) => sum + each, 0) / BURST) * 1e3).toFixed(1)} ms a join`);
  clients.forEach((each) => each.close());
  await Promise.all(halves.map((each) => each.stop()));
  await Promise.all(cluster.all.map((each) => each.stop()));
}

try {
  if (options.only !== "burst") {
    await measureCrowd();
  }
  if (options.only !== "crowd") {
    await measureBurst();
  }
} catch (error) {
  fail(error.stack);
} finally {
  for (const each of running) {
    each.process.kill("SIGKILL");
  }
}
process.exit(failed ? 1 : 0);
