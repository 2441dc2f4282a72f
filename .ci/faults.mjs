// Kills, stops, restarts and scales the containers of docker-compose.yml while clients talk in its
// rooms, and fails unless the rooms work again each time, every socket stayed open but those of a
// gateway that went itself, and whatever a client missed lies between a signal and its rejoin:
//   node --experimental-websocket .ci/faults.mjs DOCKER COMPOSE...
// COMPOSE is the command with its options. The cluster is up, with two gateways.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Ledger } from "./ledger.mjs";
import { Socket } from "../channel-verticles/demo/node_modules/phoenix/priv/static/phoenix.mjs";

const [docker, ...compose] = process.argv.slice(2);
const LIMIT_MS = 90_000;
const PER_GATEWAY = 6;
const ROOMS = 8;
const TALK_MS = 25;
const SIGNAL_MS = 30_000;

const run = async (command, ...args) => (await promisify(execFile)(command, args)).stdout.trim();
const dockerRun = (...args) => run(docker, ...args);
const [composeCommand, ...composeOptions] = compose;
const composeRun = (...args) => run(composeCommand, ...composeOptions, ...args);
const containers = async (service) => (await composeRun("ps", "-q", service)).split("\n").filter(Boolean);
const inspect = (format, ...ids) => dockerRun("inspect", "--format", format, ...ids);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const ledger = new Ledger(SIGNAL_MS);

async function until(what, condition) {
  const start = Date.now();
  for (;;) {
    if (await condition()) return Date.now() - start;
    if (Date.now() - start > LIMIT_MS) throw new Error(`not within ${LIMIT_MS} ms: ${what}`);
    await pause(100);
  }
}

const healthy = (...services) =>
  until(`${services} healthy`, async () => {
    const ids = (await Promise.all(services.map(containers))).flat();
    const states = await inspect("{{.State.Health.Status}}", ...ids);
    return states.split("\n").every((state) => state === "healthy");
  });

// A chat node that comes takes its share, one partition after the other, and each member of a topic that
// moves has to join again: only when those that give say that they are done, nobody has to any more.
async function sharesWith(givers, action) {
  const given = (id) =>
    dockerRun("logs", id).then((log) => log.split("partitions were handed to other nodes").length);
  const before = await Promise.all(givers.map(given));
  await action();
  await until("the new node has its share", async () =>
    (await Promise.all(givers.map(given))).every((times, i) => times > before[i]));
}

// As a crash, or the kernel when memory is short, and not as "docker kill", after which a container stays away.
async function crash(id) {
  const before = await restarts(id);
  process.kill(Number(await inspect("{{.State.Pid}}", id)), "SIGKILL");
  await until(`the policy of ${id} has started it again`, async () => (await restarts(id)) === before + 1);
}
const restarts = async (id) => Number(await inspect("{{.RestartCount}}", id));

// A container that starts again takes another port of the range; a load balancer finds it by its name.
async function url(gateway) {
  const port = (await dockerRun("port", gateway, "4000/tcp")).split("\n")[0].split(":").pop();
  return `ws://127.0.0.1:${port}/socket`;
}

// A browser's: that of Node 20 tells of a connect that failed by "error" alone, without "close".
class BrowserWebSocket extends WebSocket {
  constructor(...given) {
    super(...given);
    let closed = false;
    this.addEventListener("close", () => (closed = true));
    this.addEventListener("error", () =>
      setTimeout(() => closed || this.onclose?.({ code: 1006, wasClean: false }), 50),
    );
  }
}

class Client {
  constructor(gateway, url, number) {
    this.gateway = gateway;
    this.name = `client ${number}`;
    this.closes = [];
    this.errors = 0;
    this.heard = new Set();
    this.socket = new Socket(url, {
      transport: BrowserWebSocket,
      reconnectAfterMs: () => 300,
      rejoinAfterMs: () => 300,
    });
    this.socket.onClose((event) => this.closes.push(event.code));
    this.socket.connect();
    const room = `room:${number % ROOMS}`;
    const other = `room:${(number + 1) % ROOMS}`;
    this.rooms = [room, other].map((topic) => this.join(topic, { name: this.name }));
    this.board = this.join("board:ci", { hand: `${number}` });
  }

  join(topic, params) {
    const channel = this.socket.channel(topic, params);
    channel.on("new_msg", ({ body }) => {
      this.heard.add(body);
      ledger.heard(topic, this.name, body);
    });
    channel.onError(() => {
      this.errors++;
      ledger.signalled(topic, this.name);
    });
    channel.join().receive("ok", () => ledger.joined(topic, this.name));
    return channel;
  }

  get joined() {
    return [...this.rooms, this.board].every((channel) => channel.state === "joined");
  }

  movedTo(url) {
    this.socket.endPoint = `${url}/websocket`;
  }

  say(channel, body) {
    if (!channel.canPush()) return;
    ledger.said(channel.topic, this.name, body);
    channel
      .push("new_msg", { body }, 5_000)
      .receive("ok", () => answered++)
      .receive("error", () => ledger.refused(channel.topic, body));
  }

  async leave() {
    this.rooms.forEach(({ topic }) => ledger.signalled(topic, this.name));
    await new Promise((resolve) => this.socket.disconnect(resolve));
  }
}

let clients = [];
let said = 0;
let answered = 0;

async function open(gateway) {
  const where = await url(gateway);
  for (let i = 0; i < PER_GATEWAY; i++) clients.push(new Client(gateway, where, clients.length));
}

// Its clients look for it at its new port.
async function back(gateway) {
  await healthy("gateway");
  const where = await url(gateway);
  clients.filter((client) => client.gateway === gateway).forEach((client) => client.movedTo(where));
}

const talking = setInterval(() => {
  if (clients.length === 0) return;
  const client = clients[said % clients.length];
  client.say(client.rooms[Math.floor(said / clients.length) % 2], `talk ${said}`);
  said++;
}, TALK_MS);

// Everybody is joined, and hears in each room what is said there on each gateway.
async function roomsWork() {
  const missing = () => clients.filter((client) => !client.joined).length;
  await until("every channel joined", () => missing() === 0);
  let round = 0;
  const heard = async () => {
    const wanted = [];
    for (const speaker of clients) {
      for (const channel of speaker.rooms) {
        const body = `probe ${Date.now()} ${round} ${wanted.length}`;
        speaker.say(channel, body);
        wanted.push([channel.topic, body]);
      }
    }
    round++;
    const complete = () =>
      wanted.every(([topic, body]) =>
        clients.every((c) => !c.rooms.some((r) => r.topic === topic) || c.heard.has(body)));
    for (let i = 0; i < 30; i++) {
      await pause(100);
      if (complete()) return true;
    }
    return false;
  };
  await until("what is said is heard by everybody", heard);
  if (missing() !== 0) throw new Error("a channel is gone again");
}

async function step(what, action, { gone = [] } = {}) {
  clients.forEach((client) => {
    client.closes = [];
    client.errors = 0;
    client.heard.clear();
  });
  const start = Date.now();
  const before = answered;
  await action();
  await roomsWork();
  const seconds = ((Date.now() - start) / 1_000).toFixed(1);
  const lost = clients.filter((c) => c.closes.length > 0 && !gone.includes(c.gateway));
  if (lost.length > 0) {
    throw new Error(`${what}: ${lost.length} sockets of gateways that stayed were closed with ${lost[0].closes}`);
  }
  const closes = clients.flatMap((c) => c.closes);
  for (const gateway of gone) {
    if (clients.some((c) => c.gateway === gateway && c.closes.length === 0)) {
      throw new Error(`${what}: a socket outlived its gateway`);
    }
  }
  const errors = clients.reduce((sum, c) => sum + c.errors, 0);
  console.log(
    `ok: ${what}: ${seconds} s; sockets closed: ${closes.length ? closes.join(" ") : "none"}; ` +
      `channels that joined again: ${errors}; messages answered: ${answered - before}`,
  );
  return { closes, errors };
}

async function stop(id) {
  await dockerRun("stop", "-t", "90", id);
  const code = await inspect("{{.State.ExitCode}}", id);
  check(code === "0", `${id} ended with ${code}:\n${await dockerRun("logs", "--tail", "20", id)}`);
}
const check = (holds, message) => {
  if (!holds) throw new Error(message);
};

const [gateway1, gateway2] = await containers("gateway");
const [chat1, chat2] = await containers("chat");
await open(gateway1);
await open(gateway2);

await step("rooms span both gateways", async () => {});
const killed = await step("kill a chat node", async () => {
  await dockerRun("kill", chat1);
  await until("somebody noticed", () => clients.some((client) => client.errors > 0));
});
check(killed.errors > 0, "no channel was on the node that was killed");
await step("start it again", () =>
  sharesWith([chat2], async () => {
    await dockerRun("start", chat1);
    await healthy("chat");
  }));
await step("stop the other chat node", () => stop(chat2));
await step("start it again", () =>
  sharesWith([chat1], async () => {
    await dockerRun("start", chat2);
    await healthy("chat");
  }));
const restarted = await step(
  "stop a gateway and start it",
  async () => {
    await stop(gateway2);
    await dockerRun("start", gateway2);
    await back(gateway2);
  },
  { gone: [gateway2] },
);
check(
  restarted.closes.filter((code) => code === 1012).length === PER_GATEWAY,
  `its sockets were closed with ${restarted.closes}, not 1012`,
);
await step(
  "kill -9 the process of the other gateway: its restart policy starts it again",
  async () => {
    await crash(gateway1);
    await back(gateway1);
  },
  { gone: [gateway1] },
);
await step("kill -9 the process of a chat node: its restart policy starts it again", () =>
  sharesWith([chat2], async () => {
    await crash(chat1);
    await healthy("chat");
  }));
await step("README: kill all nodes of the chat, and bring them back", async () => {
  await composeRun("kill", "-s", "KILL", "chat");
  await until("everybody noticed", () => clients.every((client) => client.errors > 0));
  await composeRun("up", "-d", "--no-build");
  await healthy("chat");
});
await step("scale up to three gateways and three chat nodes", async () => {
  await sharesWith([chat1, chat2], async () => {
    await composeRun("up", "-d", "--no-build", "--scale", "gateway=3", "--scale", "chat=3");
    await healthy("gateway", "chat");
  });
  const three = await containers("gateway");
  check(three.length === 3 && (await containers("chat")).length === 3, "not three of each");
  await open(three.find((id) => ![gateway1, gateway2].includes(id)));
});
await step("scale down to two gateways and one chat node", async () => {
  const stays = (client) => [gateway1, gateway2].includes(client.gateway);
  await Promise.all(clients.filter((client) => !stays(client)).map((client) => client.leave()));
  clients = clients.filter(stays);
  await composeRun("up", "-d", "--no-build", "--scale", "gateway=2", "--scale", "chat=1");
  check((await containers("chat")).length === 1, "more than one chat node is left");
});

clearInterval(talking);
await Promise.all(clients.map((client) => client.leave()));
const { said: messages, heard, missed, violations } = ledger.judge();
violations.slice(0, 20).forEach((violation) => console.log(violation));
check(violations.length === 0, `${violations.length} times something was missed in silence, doubled or out of order`);
check(heard > 0 && missed > 0, `${heard} messages heard, ${missed} missed: that proves nothing`);
console.log(
  `ok: ${messages} messages said, ${heard} times heard, ${missed} times missed, each between a signal and the rejoin`,
);
process.exit(0);
