/**
 * Feeds recorded histories to the Presence of phoenix.js, and compares what it ends with: with the
 * server's list, and with what the port of it in the unit tests says. Reads lines from its input:
 *
 *   {"seed": N, "received": [["presence_state"|"presence_diff", PAYLOAD] | ["rejoin"], ..],
 *    "list": STATE, "port": {KEY: [REF, ..]}}
 *
 *   java .. dev.roost.tracking.PresenceHistories 100000 | node presence.mjs PATH_TO/phoenix.mjs
 *
 * Order of metas is left out of it: an updated meta keeps its place at the server and goes to the
 * end at the client, as with Phoenix.
 */

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const path = process.argv[2];
if (!path) {
  console.error("usage: node presence.mjs PATH_TO/phoenix.mjs");
  process.exit(2);
}
const { Presence } = await import(pathToFileURL(path));

/** As much of a channel as Presence sees. */
class Channel {
  #handlers = new Map();
  #joins = 1;

  on(event, handler) {
    this.#handlers.set(event, handler);
  }

  joinRef() {
    return String(this.#joins);
  }

  rejoin() {
    this.#joins += 1;
  }

  receive(event, payload) {
    this.#handlers.get(event)(payload);
  }
}

/** A meta that a client has twice is no list of the server's. */
function once(metas) {
  assert.equal(new Set(metas.map((meta) => meta.phx_ref)).size, metas.length, "a meta is there twice");
  return metas;
}

const byRef = (presences) =>
  Object.fromEntries(
    Object.entries(presences).map(([key, { metas }]) => [
      key,
      Object.fromEntries(once(metas).map((meta) => [meta.phx_ref, meta])),
    ]),
  );

let clients = 0;
let messages = 0;
let last = -1;
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const { seed, received, list, port } = JSON.parse(line);
  const channel = new Channel();
  const presence = new Presence(channel);
  for (const [event, payload] of received) {
    messages += 1;
    if (event === "rejoin") {
      channel.rejoin();
    } else {
      channel.receive(event, payload);
    }
  }
  const known = byRef(presence.state);
  assert.deepEqual(known, byRef(list), `history ${seed}: phoenix.js and the server differ`);
  const refs = Object.fromEntries(
    Object.entries(known).map(([key, metas]) => [key, Object.keys(metas).sort()]),
  );
  assert.deepEqual(refs, port, `history ${seed}: phoenix.js and the port of it differ`);
  clients += 1;
  last = seed;
}
assert.ok(clients > 0, "no history came");
console.log(`${clients} clients in ${last + 1} histories, ${messages} messages: all lists are equal`);
