// Honest clients in a process of their own: each asks again and again, and the times of the answers are kept.
// Told "reset" it begins anew, told "report" it answers {count, p50, p99, lost} in milliseconds; told "quiet" the same, and these
// times are among those of which "all quiet" reports.
import { Socket } from "./socket.mjs";

const port = Number(process.argv[2]);
const CLIENTS = 20;
const EVERY_MS = 25;
let times = [];
const quiet = [];
let lost = 0;

for (let i = 0; i < CLIENTS; i++) {
  const socket = new Socket(port);
  if ((await socket.ask("/socket/websocket?vsn=2.0.0")) !== 101) process.exit(1);
  const sent = new Map();
  let ref = 1;
  socket.onText = (text) => {
    const [, answered, , event] = JSON.parse(text);
    if (event === "phx_reply" && sent.has(answered)) {
      times.push(performance.now() - sent.get(answered));
      sent.delete(answered);
    }
  };
  socket.ended.then(() => lost++);
  socket.text(`["1","1","room:honest${i % 5}","phx_join",{}]`);
  setInterval(() => {
    const next = String(++ref);
    sent.set(next, performance.now());
    socket.text(`["1","${next}","room:honest${i % 5}","ping",{"n":${ref}}]`);
  }, EVERY_MS);
}

process.on("message", (message) => {
  if (message === "reset") {
    times = [];
  } else {
    if (message === "quiet") quiet.push(...times);
    const sorted = [...(message === "all quiet" ? quiet : times)].sort((a, b) => a - b);
    const at = (share) => (sorted.length === 0 ? Infinity : sorted[Math.floor((sorted.length - 1) * share)]);
    process.send({ count: sorted.length, p50: at(0.5), p99: at(0.99), lost });
  }
});
process.on("disconnect", () => process.exit()); // It is not to outlive who started it.
process.send("ready");
