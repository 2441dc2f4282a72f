// Honest clients in a process of their own: each asks again and again, and the times of the answers are kept.
// Told "reset" it begins anew, told "report" it answers {count, p50, p99, lost} in milliseconds; told "quiet" the same, and these
// times are among those of which "all quiet" reports.
//
// They share a processor in this process, which in life they do not. So each asks at its own times, or they come to ask all at once and
// wait for each other; and asking is little work: a question is made beforehand, but for its number.
import { Socket, frame } from "./socket.mjs";

const port = Number(process.argv[2]);
const CLIENTS = 20;
const EVERY_MS = 25;
let times = [];
const quiet = [];
let lost = 0;

/** Asks at random times, once in EVERY_MS on average, whether or not the last answer has come; the number of a question has eight digits. */
async function begin(number) {
  const socket = new Socket(port);
  if ((await socket.ask("/socket/websocket?vsn=2.0.0")) !== 101) process.exit(1);
  const topic = `room:honest${number % 5}`;
  const sent = new Map();
  let ref = 10_000_000;
  socket.onText = (text) => {
    const began = sent.get(text.substring(6, 14));
    if (began === undefined) return;
    times.push(performance.now() - began);
    sent.delete(text.substring(6, 14));
  };
  socket.ended.then(() => lost++);
  socket.text(`["1","1","${topic}","phx_join",{}]`);
  const question = frame(`["1","${ref}","${topic}","ping",{}]`, { key: 0 });
  const digits = question.indexOf(String(ref));
  const ask = () => {
    const next = String(++ref);
    const bytes = Buffer.from(question);
    bytes.latin1Write(next, digits);
    sent.set(next, performance.now());
    socket.tcp.write(bytes);
    setTimeout(ask, Math.random() * 2 * EVERY_MS);
  };
  ask();
}

for (let i = 0; i < CLIENTS; i++) await begin(i);

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
