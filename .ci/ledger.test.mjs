// node --test .ci/ledger.test.mjs
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Ledger } from "./ledger.mjs";

const TOPIC = "room:1";
let ledger;
let now;

beforeEach(() => {
  now = 0;
  ledger = new Ledger(30_000, () => now);
  join("ada", "bob");
});

const join = (...members) => members.forEach((member) => ledger.joined(TOPIC, member));
const signal = (...members) => members.forEach((member) => ledger.signalled(TOPIC, member));
const say = (member, message) => ledger.said(TOPIC, member, message);
const hear = (message, ...members) => members.forEach((member) => ledger.heard(TOPIC, member, message));
const broken = () => ledger.judge().violations.map((violation) => violation.replace(/^.*?: /, ""));

test("what everybody hears is fine", () => {
  say("ada", "one");
  hear("one", "ada", "bob");
  say("bob", "two");
  hear("two", "bob", "ada");
  assert.deepEqual(ledger.judge(), { said: 2, heard: 4, missed: 0, violations: [] });
});

test("what is missed between a signal and the rejoin is fine", () => {
  say("ada", "one");
  hear("one", "ada");
  signal("bob");
  say("ada", "two");
  hear("two", "ada");
  join("bob");
  say("ada", "three");
  hear("three", "ada", "bob");
  assert.deepEqual(ledger.judge(), { said: 3, heard: 4, missed: 1, violations: [] });
});

test("what was refused is not missed", () => {
  say("ada", "one");
  ledger.refused(TOPIC, "one");
  assert.deepEqual(broken(), []);
});

test("what reached nobody is fine if its speaker is told", () => {
  say("ada", "one");
  signal("ada");
  join("ada");
  assert.deepEqual(broken(), []);
});

test("finds what was missed in silence", () => {
  say("ada", "one");
  hear("one", "ada");
  assert.deepEqual(broken(), ['"one" was missed, and nobody said so']);
});

test("finds what was missed although a later message came before the signal", () => {
  say("ada", "one");
  hear("one", "ada");
  say("ada", "two");
  hear("two", "ada", "bob");
  signal("bob");
  assert.deepEqual(broken(), ['"one" was missed, and nobody said so']);
});

test("finds a gap between messages of others", () => {
  join("eve");
  say("ada", "one");
  hear("one", "ada", "bob", "eve");
  say("bob", "two");
  hear("two", "ada", "bob");
  say("ada", "three");
  hear("three", "ada", "bob", "eve");
  signal("eve");
  assert.deepEqual(broken(), ['between "one" and "three" there is something for others']);
});

test("finds what vanished while its speaker was told nothing", () => {
  say("ada", "one");
  signal("bob");
  assert.deepEqual(broken(), ['"one" was missed, and nobody said so']);
});

test("finds a signal that comes too late", () => {
  say("ada", "one");
  hear("one", "ada");
  now = 31_000;
  signal("bob");
  assert.deepEqual(broken(), ['"one" was missed, and that was told too late']);
});

test("finds what comes twice, out of order, or from nowhere", () => {
  say("ada", "one");
  say("ada", "two");
  hear("two", "ada", "bob");
  hear("one", "ada", "bob");
  assert.deepEqual(broken(), Array(2).fill('"one" came twice or late'));
  hear("none", "bob");
  assert.ok(broken().includes('"none" was never said'));
});

test("finds what comes again in the next stay", () => {
  say("ada", "one");
  hear("one", "ada", "bob");
  signal("bob");
  join("bob");
  hear("one", "bob");
  assert.deepEqual(broken(), ['"one" came twice or late']);
});
