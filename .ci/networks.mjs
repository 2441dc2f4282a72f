/**
 * Machines, as far as the network goes: network namespaces on one bridge, which this process always
 * reaches. Needs root, Linux, ip and iptables.
 */

import { execFileSync } from "node:child_process";

const run = (command, ...args) => execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"] });

export class Networks {
  #id = Math.floor(4096 + Math.random() * 61_440).toString(16);
  #net = `10.${100 + Math.floor(Math.random() * 150)}.78.`;
  #count;

  constructor(count) {
    this.#count = count;
    try {
      run("ip", "link", "add", this.#bridge, "type", "bridge");
      run("ip", "addr", "add", `${this.#net}254/24`, "dev", this.#bridge);
      run("ip", "link", "set", this.#bridge, "up");
      // Where container engines are, nothing else may pass.
      run("iptables", "-w", "-I", "FORWARD", "-i", this.#bridge, "-o", this.#bridge, "-j", "ACCEPT");
      for (let i = 0; i < count; i += 1) {
        const cable = `rsp${this.#id}${i}`;
        run("ip", "netns", "add", this.#name(i));
        run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", this.#name(i));
        run("ip", "link", "set", cable, "master", this.#bridge, "up");
        this.#in(i, "ip", "addr", "add", `${this.host(i)}/24`, "dev", "eth0");
        this.#in(i, "ip", "link", "set", "lo", "up");
        this.#in(i, "ip", "link", "set", "eth0", "up");
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get #bridge() {
    return `rspbr${this.#id}`;
  }

  #name(i) {
    return `roost-presence-${this.#id}-${i}`;
  }

  #in(i, ...command) {
    run("ip", "netns", "exec", this.#name(i), ...command);
  }

  /** The address of a machine. */
  host(i) {
    return this.#net + (i + 1);
  }

  /** What a command that runs there begins with. */
  prefix(i) {
    return ["ip", "netns", "exec", this.#name(i)];
  }

  /** Nothing passes any more between these machines and the others. */
  split(side) {
    const others = Array.from({ length: this.#count }, (_, i) => i).filter((i) => !side.includes(i));
    for (const [here, there] of [[side, others], [others, side]]) {
      for (const i of here) {
        for (const peer of there) {
          this.#in(i, "iptables", "-w", "-A", "INPUT", "-s", this.host(peer), "-j", "DROP");
        }
      }
    }
  }

  /** After split. */
  heal() {
    for (let i = 0; i < this.#count; i += 1) {
      this.#in(i, "iptables", "-w", "-F", "INPUT");
    }
  }

  close() {
    const end = (...command) => {
      try {
        run(...command);
      } catch {
        // It was never made.
      }
    };
    for (let i = 0; i < this.#count; i += 1) {
      end("ip", "netns", "del", this.#name(i));
    }
    end("iptables", "-w", "-D", "FORWARD", "-i", this.#bridge, "-o", this.#bridge, "-j", "ACCEPT");
    end("ip", "link", "del", this.#bridge);
  }
}
