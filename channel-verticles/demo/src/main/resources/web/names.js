/** Names for people who have not chosen one, and the egg that stands for a person in the chat. */

const FIRST = [
  "Amber", "Bold", "Brisk", "Dusky", "Early", "Gentle", "Golden", "Little", "Lucky", "Merry",
  "Misty", "Northern", "Patient", "Quiet", "Sharp", "Speckled", "Steady", "Sunny", "Wandering",
];

const LAST = [
  "Avocet", "Bittern", "Curlew", "Dunlin", "Finch", "Goldcrest", "Heron", "Kestrel", "Lapwing",
  "Lark", "Linnet", "Magpie", "Nuthatch", "Oriole", "Osprey", "Plover", "Robin", "Siskin",
  "Starling", "Tern", "Thrush", "Wagtail", "Wren",
];

const STORE = "roost.name";
const EGGS = 7;

const oneOf = (list) => list[Math.floor(Math.random() * list.length)];

/** A friendly name, such as "Quiet Heron". */
export const randomName = () => `${oneOf(FIRST)} ${oneOf(LAST)}`;

/** The name chosen on an earlier visit, or "" when there is none. */
export function rememberedName() {
  try {
    return localStorage.getItem(STORE) ?? "";
  } catch {
    return ""; // storage is switched off: every visit is the first
  }
}

export function rememberName(name) {
  try {
    localStorage.setItem(STORE, name);
  } catch {
    // storage is switched off; the name lasts as long as the page
  }
}

/**
 * Settles who this tab is. A second tab of the same browser would read the same remembered name
 * and look like the first one talking to itself, so tabs ask each other, and the later one takes a
 * new name for its own life.
 *
 * @param {() => string} current the name this tab uses at the moment it is asked
 * @returns {Promise<string>}
 */
export async function settleName(current) {
  const wanted = rememberedName() || randomName();
  rememberName(wanted);
  if (!("BroadcastChannel" in globalThis)) {
    return wanted;
  }
  const tabs = new BroadcastChannel("roost.tabs");
  const taken = new Promise((resolve) => {
    tabs.onmessage = ({ data }) => {
      if (data.ask === current()) {
        tabs.postMessage({ taken: data.ask });
      } else if (data.taken === wanted) {
        resolve(true);
      }
    };
    setTimeout(() => resolve(false), 60);
  });
  tabs.postMessage({ ask: wanted });
  return (await taken) ? randomName() : wanted;
}

/** A person's egg: the colour follows from the name, the letters are its initials. */
export function egg(name) {
  const element = document.createElement("span");
  const sum = [...name].reduce((hash, c) => (hash * 31 + c.codePointAt(0)) >>> 0, 7);
  element.className = `egg egg-${sum % EGGS}`;
  element.setAttribute("aria-hidden", "true");
  const words = name.trim().split(/\s+/).filter(Boolean);
  element.textContent = words
    .slice(0, 2)
    .map((word) => [...word][0].toUpperCase())
    .join("");
  return element;
}
