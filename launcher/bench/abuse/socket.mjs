// A WebSocket client that may do what no client should: its own few lines, so that nothing corrects it.
import net from "node:net";
import crypto from "node:crypto";

export const HOST = "127.0.0.1";

export function upgrade(port, path, headers = []) {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${HOST}:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
    "",
    "",
  ].join("\r\n");
}

const BYTES_PER_MS = 125_000;
const PIECE = 65_536;
let lineIsFree = 0;

/** All attackers together have a gigabit a second: loopback would bring ten times as much, in system calls of milliseconds. */
async function line(bytes) {
  const now = performance.now();
  const at = Math.max(now, lineIsFree);
  lineIsFree = at + bytes / BYTES_PER_MS;
  if (at > now) await new Promise((go) => setTimeout(go, at - now));
}

/** A masked frame; opcode 1 is text, 0 a continuation. */
export function frame(body, { opcode = 1, fin = true, rsv1 = false, key } = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  const size = bytes.length < 126 ? 0 : bytes.length < 65536 ? 2 : 8;
  const head = Buffer.alloc(2 + size + 4);
  head[0] = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode;
  head[1] = 0x80 | (size === 0 ? bytes.length : size === 2 ? 126 : 127);
  if (size === 2) head.writeUInt16BE(bytes.length, 2);
  if (size === 8) head.writeBigUInt64BE(BigInt(bytes.length), 2);
  if (key === undefined) crypto.randomFillSync(head, 2 + size, 4);
  else head.writeUInt32BE(key, 2 + size);
  const masked = Buffer.from(bytes);
  for (let i = 0; i < masked.length; i++) masked[i] ^= head[2 + size + (i & 3)];
  return Buffer.concat([head, masked]);
}

/** One TCP connection; `status` settles with the HTTP status, `ended` with the close code or 0. */
export class Socket {
  constructor(port) {
    this.port = port;
    this.buffer = Buffer.alloc(0);
    this.code = 0;
    this.pongs = 0;
    this.onText = () => {};
    this.status = new Promise((settle) => (this.settleStatus = settle));
    this.ended = new Promise((settle) => (this.settleEnded = settle));
    this.tcp = net.connect({ port, host: HOST, noDelay: true });
    this.opened = new Promise((settle) => this.tcp.once("connect", () => settle(true)));
    this.tcp.on("data", (data) => this.read(data));
    this.tcp.on("error", () => {});
    this.tcp.on("close", () => {
      this.settleStatus(0);
      this.settleEnded(this.code);
    });
  }

  /** Asks for a WebSocket; the status of the answer. */
  async ask(path, headers) {
    this.tcp.write(upgrade(this.port, path, headers));
    return this.status;
  }

  read(data) {
    this.buffer = this.buffer.length === 0 ? data : Buffer.concat([this.buffer, data]);
    if (!this.head) {
      const end = this.buffer.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.buffer.subarray(0, end).toString("latin1");
      this.buffer = this.buffer.subarray(end + 4);
      this.settleStatus(Number(this.head.split(" ")[1]));
    }
    while (this.buffer.length >= 2) {
      const short = this.buffer[1] & 0x7f;
      const size = short < 126 ? 0 : short === 126 ? 2 : 8;
      if (this.buffer.length < 2 + size) return;
      const length = size === 0 ? short : size === 2 ? this.buffer.readUInt16BE(2) : Number(this.buffer.readBigUInt64BE(2));
      const end = 2 + size + length;
      if (this.buffer.length < end) return;
      const body = this.buffer.subarray(2 + size, end);
      const opcode = this.buffer[0] & 0xf;
      if (opcode === 8) {
        this.code = length >= 2 ? body.readUInt16BE(0) : 1005;
        this.tcp.end(frame(body, { opcode: 8 }));
      } else if (opcode === 1) this.onText(body.toString());
      else if (opcode === 10) this.pongs++;
      this.buffer = this.buffer.subarray(end);
    }
  }

  text(message) {
    return this.tcp.write(frame(message));
  }

  /** Writes, as fast as the line and the other side take it. */
  async write(bytes) {
    for (let from = 0; from < bytes.length && !this.tcp.destroyed; from += PIECE) {
      const piece = bytes.subarray(from, from + PIECE);
      await line(piece.length);
      if (!this.tcp.write(piece) && !this.tcp.destroyed) {
        await Promise.race([new Promise((go) => this.tcp.once("drain", go)), this.ended]);
      }
    }
  }

  drop() {
    this.tcp.destroy();
  }
}

/** An HTTP connection for one long poll after the other. */
export class PollConnection {
  constructor(port) {
    this.tcp = net.connect({ port, host: HOST, noDelay: true });
    this.tcp.setEncoding("utf8");
    this.tcp.on("error", () => {});
    this.tcp.on("data", (data) => this.read(data));
    this.tcp.on("close", () => this.lost(new Error("a long poll's connection was lost")));
    this.answered = this.lost = () => {};
    this.text = "";
  }

  /** The JSON that comes, once all of it is there. */
  ask(request) {
    return new Promise((answered, lost) => {
      if (this.tcp.destroyed) return lost(new Error("a long poll's connection was lost before it was asked"));
      this.answered = answered;
      this.lost = lost;
      this.tcp.write(request);
    });
  }

  read(data) {
    this.text += data;
    const end = this.text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.text)[1]);
    const body = this.text.slice(end + 4);
    if (Buffer.byteLength(body) < length) return;
    this.text = "";
    this.answered(JSON.parse(body));
  }
}
