/**
 * Who said what in which topic, who heard it, and when each member was joined and was told that it
 * is no longer. Finds messages that a member missed although nobody told it. The clients are in one
 * process, so what happened has one order.
 *
 * A stay of a member begins with the answer to its join and ends with the next signal: an error of
 * its channel, or the end of its socket. Of each stay this has to hold:
 *
 * - what one member said comes once, and in the order in which it was said, over all stays;
 * - whatever follows a message in one stay follows it in all: they agree on one order without gaps;
 * - what was said during the stay and reached anybody, and what the member itself said, came in it,
 *   unless the stay ended with a signal in time and nothing later of the same speaker came before.
 */
export class Ledger {
  #limit;
  #clock;
  #time = 0;
  #topics = new Map();

  /** Milliseconds within which a signal has to come, and a clock for tests. */
  constructor(limit, clock = Date.now) {
    this.#limit = limit;
    this.#clock = clock;
  }

  #topic(name) {
    if (!this.#topics.has(name)) this.#topics.set(name, { said: new Map(), members: new Map() });
    return this.#topics.get(name);
  }

  #stays(topic, member) {
    const { members } = this.#topic(topic);
    if (!members.has(member)) members.set(member, []);
    return members.get(member);
  }

  #open(topic, member) {
    const last = this.#stays(topic, member).at(-1);
    return last && last.end === undefined ? last : undefined;
  }

  joined(topic, member) {
    if (!this.#open(topic, member)) this.#stays(topic, member).push({ start: this.#time++, heard: [] });
  }

  /** Its stay is over. Without a stay nothing was to be told. */
  signalled(topic, member) {
    const stay = this.#open(topic, member);
    if (stay) Object.assign(stay, { end: this.#time++, told: this.#clock() });
  }

  /** What a member says is a message of its own; only a member that is joined speaks. */
  said(topic, member, message) {
    this.#topic(topic).said.set(message, { by: member, time: this.#time++, at: this.#clock() });
  }

  /** What it said was answered with an error. */
  refused(topic, message) {
    this.#topic(topic).said.get(message).isRefused = true;
  }

  heard(topic, member, message) {
    const stay = this.#open(topic, member);
    if (!stay) return;
    stay.heard.push(message);
    const said = this.#topic(topic).said.get(message);
    if (said) said.reached ??= this.#clock();
  }

  /** How much was said, heard and missed, and what breaks the rules. */
  judge() {
    const result = { said: 0, heard: 0, missed: 0, violations: [] };
    for (const [topic, { said, members }] of this.#topics) {
      const next = new Map();
      const previous = new Map();
      result.said += said.size;
      for (const [member, stays] of members) {
        const fail = (what) => result.violations.push(`${topic}, ${member}: ${what}`);
        const latest = new Map();
        for (const stay of stays) {
          result.heard += stay.heard.length;
          this.#checkOrder(stay, said, latest, fail);
          stay.heard.slice(1).forEach((message, i) => {
            const before = stay.heard[i];
            if ((next.get(before) ?? message) !== message || (previous.get(message) ?? before) !== before) {
              fail(`between "${before}" and "${message}" there is something for others`);
            }
            next.set(before, message);
            previous.set(message, before);
          });
          result.missed += this.#checkComplete(stay, member, said, fail);
        }
      }
    }
    return result;
  }

  #checkOrder(stay, said, latest, fail) {
    for (const message of stay.heard) {
      const { by, time } = said.get(message) ?? {};
      if (by === undefined) fail(`"${message}" was never said`);
      else if ((latest.get(by) ?? -1) >= time) fail(`"${message}" came twice or late`);
      latest.set(by, time);
    }
  }

  #checkComplete(stay, member, said, fail) {
    let missed = 0;
    const heard = new Set(stay.heard);
    for (const [message, { by, time, at, isRefused, reached }] of said) {
      const isDue = by === member ? !isRefused : reached !== undefined;
      if (time < stay.start || time > (stay.end ?? Infinity) || heard.has(message) || !isDue) continue;
      const later = stay.heard.some((other) => said.get(other)?.by === by && said.get(other).time > time);
      if (stay.end === undefined || later) fail(`"${message}" was missed, and nobody said so`);
      else if (stay.told - (reached ?? at) > this.#limit) fail(`"${message}" was missed, and that was told too late`);
      else missed += 1;
    }
    return missed;
  }
}
