/** Who is here: one chip for each name, with its devices, and whether it is away or typing. */

import { egg } from "./names.js";

const list = document.getElementById("here");

export class People {
  #people = [];
  #typists = new Set();

  /** @param {{name: string, devices: number, away: boolean}[]} people everybody, also ourselves */
  show(people) {
    this.#people = people.toSorted((a, b) => a.name.localeCompare(b.name));
    this.#draw();
  }

  /** While the channel is lost, what is known is of before. */
  stale(isStale) {
    list.classList.toggle("stale", isStale);
  }

  typing(names) {
    this.#typists = new Set(names);
    this.#draw();
  }

  #draw() {
    list.hidden = this.#people.length === 0;
    list.replaceChildren(...this.#people.map((person) => this.#chip(person)));
  }

  #chip({ name, devices, away }) {
    const chip = document.createElement("li");
    const typing = this.#typists.has(name);
    const words = [devices > 1 ? `${devices} devices` : "", away ? "away" : "", typing ? "typing" : ""]
      .filter(Boolean)
      .join(", ");
    chip.dataset.testid = "person";
    chip.dataset.name = name;
    chip.dataset.devices = devices;
    chip.dataset.state = typing ? "typing" : away ? "away" : "here";
    chip.title = words ? `${name}: ${words}` : name;
    const who = document.createElement("b");
    who.textContent = name;
    chip.append(egg(name), who);
    if (devices > 1) {
      const count = document.createElement("span");
      count.className = "devices";
      count.textContent = `\u00d7${devices}`;
      count.setAttribute("aria-label", `on ${devices} devices`);
      chip.append(count);
    }
    if (away && !typing) {
      const state = document.createElement("span");
      state.className = "state";
      state.textContent = "away";
      chip.append(state);
    }
    if (typing) {
      const dots = document.createElement("span");
      dots.className = "dots";
      dots.setAttribute("aria-label", "typing");
      chip.append(dots);
    }
    return chip;
  }
}
