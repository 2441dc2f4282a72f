/** Four generations of phoenix.js in Node, for the scripts beside this one. */

import { readFileSync } from "node:fs";

export const VERSIONS = ["1.5", "1.6", "1.7", "1.8"];
export const TRANSPORTS = ["WebSocket", "long poll"];
const LIMIT_MS = Number(process.env.LIMIT_MS ?? 20_000);

/** As much of a browser's XMLHttpRequest as long polling asks for. */
class XMLHttpRequest {
  readyState = 0;
  status = 0;
  responseText = "";
  timeout = 0;
  #headers = {};
  #abort = new AbortController();

  open(method, url) {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value;
  }

  async send(body) {
    const timer = this.timeout && setTimeout(() => this.#expired(), this.timeout);
    try {
      const { method, url } = this;
      const signal = this.#abort.signal;
      const answer = await fetch(url, { method, headers: this.#headers, body, signal });
      this.responseText = await answer.text();
      this.status = answer.status;
      this.readyState = 4;
      this.onreadystatechange?.();
    } catch (failure) {
      if (failure.name !== "AbortError") this.onerror?.(failure);
    } finally {
      clearTimeout(timer);
    }
  }

  abort() {
    this.#abort.abort();
  }

  #expired() {
    this.abort();
    this.ontimeout?.();
  }
}

globalThis.self ??= globalThis;

/** phoenix.js of a version, which then has what it needs to poll. */
export async function phoenix(version) {
  // Before 1.8 there was nothing but XMLHttpRequest; from then on fetch does where that is missing.
  if (version === "1.8") delete globalThis.XMLHttpRequest;
  else globalThis.XMLHttpRequest = XMLHttpRequest;
  const module = await import(`phoenix-${version}`);
  return module.Socket ? module : module.default;
}

export function within(what, promise) {
  let timer;
  const limit = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

export function until(what, condition) {
  const poll = async () => {
    while (!condition()) await new Promise((later) => setTimeout(later, 10));
  };
  return within(what, poll());
}

/** The answer to a push: its status and response. */
export function answer(what, push) {
  return within(
    what,
    new Promise((resolve, reject) => {
      push
        .receive("ok", (response) => resolve({ status: "ok", response }))
        .receive("error", (response) => resolve({ status: "error", response }))
        .receive("timeout", () => reject(new Error(`${what}: phoenix.js timed out`)));
    }),
  );
}

export function installed(version) {
  const file = new URL(`node_modules/phoenix-${version}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}
