// A story on the page: what was said, and who had the floor.

import { clock, make, shape } from "../shared/dom.js";

const WINDOW_MS = 30_000;
const LANES = { caller: 4, bot: 24 };

export class StoryView {
  #list;
  #floor;
  #names;
  /** @type {Map<string, HTMLElement>} */
  #shown = new Map();
  /** By how much the call's clock is ahead of this page's. */
  #ahead = -Infinity;

  /** @param {HTMLElement} list @param {SVGElement} floor @param {string} caller what the caller is called */
  constructor(list, floor, caller = "Caller") {
    this.#list = list;
    this.#floor = floor;
    this.#names = { caller, bot: "Bot", "": "" };
  }

  clear() {
    this.#shown.clear();
    this.#list.replaceChildren();
    this.#floor.replaceChildren();
    this.#ahead = -Infinity;
  }

  /** A line of this call has just come. @param {{at_ms: number}} line */
  heardOf({ at_ms }) {
    this.#ahead = Math.max(this.#ahead, at_ms - performance.now());
  }

  /** @param {import("./story.js").Story} story */
  show(story) {
    const box = /** @type {HTMLElement} */ (this.#list.parentElement);
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    const kept = new Set();
    /** @type {HTMLElement | null} */
    let before = null;
    for (const entry of story.entries) {
      kept.add(entry.key);
      const element = this.#shown.get(entry.key) ?? make("li");
      this.#shown.set(entry.key, element);
      render(element, entry, this.#names[entry.who]);
      /** @type {ChildNode | null} */
      const place = before ? before.nextSibling : this.#list.firstChild;
      if (element !== place) this.#list.insertBefore(element, place);
      before = element;
    }
    for (const [key, element] of this.#shown) {
      if (kept.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    if (atEnd) box.scrollTop = box.scrollHeight;
    this.showFloor(story);
  }

  /** The last half minute: who spoke when. @param {import("./story.js").Story} story */
  showFloor({ spans, over }) {
    const last = Math.max(0, ...spans.map(({ from, to }) => to ?? from));
    const now = over || this.#ahead === -Infinity ? last : Math.max(last, performance.now() + this.#ahead);
    const x = (/** @type {number} */ at) => (300 * (at - now + WINDOW_MS)) / WINDOW_MS;
    const bars = spans
      .filter(({ to }) => (to ?? now) > now - WINDOW_MS)
      .map(({ who, from, to }) => {
        const begin = Math.max(0, x(from));
        const width = Math.max(1, x(to ?? now) - begin);
        return shape("rect", { class: who, x: String(begin), y: String(LANES[who]), width: String(width), height: "12" });
      });
    this.#floor.replaceChildren(...bars);
  }
}

/**
 * @param {HTMLElement} element
 * @param {import("./story.js").Entry} entry
 * @param {string} name of who says it
 */
function render(element, { who, at, text, state, heard, gap, took }, name) {
  const drawn = `${state} ${heard} ${gap} ${took} ${text}`;
  if (element.dataset.drawn === drawn) return;
  element.dataset.drawn = drawn;
  element.className = `entry ${who || "note"} ${state}`;
  const words = make("p", { class: "text" });
  if (state === "cut") words.append(...cut(text, heard));
  else words.append(state === "keys" ? `Keys ${text}` : text);
  const head = make("p", { class: "head" }, make("span", { class: "who" }, name), make("span", { class: "time" }, clock(at)));
  if (gap !== null) head.append(make("span", { class: "gap" }, `after ${(gap / 1000).toFixed(2)} s`));
  const taken = took ? [make("p", { class: "took" }, took)] : [];
  element.replaceChildren(...(who ? [head, words, ...taken] : [words]));
}

/** What the caller has heard, and what not: struck. @param {string} text @param {number} heard */
function cut(text, heard) {
  const whole = Math.round(text.length * heard);
  const at = whole >= text.length ? whole : text.lastIndexOf(" ", whole) + 1;
  const rest = text.slice(at);
  return [text.slice(0, at), ...(rest ? [make("s", { title: "not heard: the caller has interrupted" }, rest)] : [])];
}
