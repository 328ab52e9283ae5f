// The picture of a call in rows: who spoke when, how loud, and how long each answer took. A click says when.

import { clock, shape } from "../shared/dom.js";

const HEIGHT = 120;
const LANES = { caller: { top: 4, middle: 24, half: 20 }, bot: { top: 66, middle: 86, half: 20 } };
const GAP_Y = 55;
const AXIS_Y = 110;
const PIXELS_A_SECOND = 42;
const USUAL_WIDTH = 1200;
const MUCH = 40; // a box that is so much wider or narrower has another number of seconds in a row

export class Picture {
  #box;
  #onPick;
  #row = 20_000;
  #width = USUAL_WIDTH;
  /** @type {SVGElement[]} */
  #heads = [];
  #shown = -1;
  /** @type {() => void} shows the same once more */
  #again = () => {};

  /** @param {HTMLElement} box @param {(at: number) => void} onPick in milliseconds since the call began */
  constructor(box, onPick) {
    this.#box = box;
    this.#onPick = onPick;
    new ResizeObserver(() => Math.abs(box.clientWidth - this.#width) > MUCH && box.clientWidth && this.#again()).observe(box);
  }

  /**
   * @param {import("./transcript.js").Line[]} lines
   * @param {any} record
   * @param {{step_ms: number, left: number[], right: number[]} | null} waves
   * @param {number} offset of the recording's beginning
   */
  show(lines, record, waves, offset) {
    this.#again = () => this.show(lines, record, waves, offset);
    const ends = lines.map(({ from, to }) => to ?? from ?? 0);
    const length = Math.max(1000, record.duration_ms ?? 0, ...ends);
    this.#width = this.#box.clientWidth || USUAL_WIDTH;
    const seconds = Math.max(5, Math.round(this.#width / PIXELS_A_SECOND / 5) * 5);
    this.#row = Math.max(seconds * 1000, length / 400);
    this.#heads = [];
    this.#shown = -1;
    const rows = [];
    for (let from = 0; from < length; from += this.#row) {
      const row = new Row(from, from + this.#row, length, this.#width);
      row.frame();
      for (const line of lines) row.span(line);
      if (waves) row.waves(waves, offset);
      for (const turn of record.turns ?? []) row.turn(turn);
      for (const { at_ms, key } of record.keys ?? []) row.key(at_ms, key);
      for (const { at_ms, reason } of record.failures ?? []) row.fault(at_ms, reason);
      const head = shape("line", { class: "head", x1: "-9", x2: "-9", y1: "0", y2: String(AXIS_Y) });
      row.svg.append(head);
      this.#heads.push(head);
      row.svg.addEventListener("click", (event) => {
        const { left, width } = row.svg.getBoundingClientRect();
        this.#onPick(row.from + ((/** @type {MouseEvent} */ (event).clientX - left) / width) * this.#row);
      });
      rows.push(row.svg);
    }
    this.#box.classList.toggle("silent", !waves);
    this.#box.replaceChildren(...rows);
  }

  /** Where the recording is being played. @param {number} at @param {boolean} follow scroll to it */
  playing(at, follow) {
    const number = Math.min(this.#heads.length - 1, Math.floor(at / this.#row));
    if (number < 0) return;
    if (this.#shown >= 0 && this.#shown !== number) place(this.#heads[this.#shown], -9);
    place(this.#heads[number], ((at - number * this.#row) / this.#row) * this.#width);
    if (follow && this.#shown !== number) this.#scrollTo(/** @type {SVGElement} */ (this.#heads[number].parentNode));
    this.#shown = number;
  }

  /** @param {SVGElement} row */
  #scrollTo(row) {
    const box = this.#box.getBoundingClientRect();
    const { top, bottom } = row.getBoundingClientRect();
    if (top < box.top || bottom > box.bottom) this.#box.scrollTop += top - box.top;
  }
}

/** @param {SVGElement} head @param {number} x */
function place(head, x) {
  head.setAttribute("x1", x.toFixed(1));
  head.setAttribute("x2", x.toFixed(1));
}

class Row {
  /** @param {number} from @param {number} to @param {number} length of the call @param {number} width */
  constructor(from, to, length, width) {
    this.width = width;
    this.from = from;
    this.to = to;
    this.end = Math.min(to, length);
    this.svg = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img" });
    this.svg.setAttribute("aria-label", `From ${clock(from)} to ${clock(this.end)}`);
  }

  /** @param {number} at */
  x(at) {
    return ((at - this.from) / (this.to - this.from)) * this.width;
  }

  /** @param {number | null} at */
  holds(at) {
    return at !== null && at >= this.from && at < this.to;
  }

  /** @param {string} name @param {Record<string, string | number>} attributes @param {string} title */
  draw(name, attributes, title = "") {
    const drawn = shape(name, attributes);
    if (title) {
      const told = shape("title", {});
      told.textContent = title;
      drawn.append(told);
    }
    this.svg.append(drawn);
    return drawn;
  }

  frame() {
    this.draw("line", { class: "axis", x1: 0, x2: this.x(this.end).toFixed(1), y1: AXIS_Y - 10, y2: AXIS_Y - 10 });
    const step = Math.max(5000, Math.ceil((this.to - this.from) / 12_000) * 1000);
    for (let at = Math.ceil(this.from / step) * step; at < this.end; at += step) this.text(this.x(at) + 2, AXIS_Y + 8, clock(at), "time");
  }

  /** @param {number} x @param {number} y @param {string} text @param {string} kind */
  text(x, y, text, kind) {
    this.draw("text", { class: kind, x: x.toFixed(1), y }).textContent = text;
  }

  /** @param {import("./transcript.js").Line} line */
  span({ who, from, to, text, heard, notes }) {
    if (!who || from === null || to === null || to < this.from || from >= this.to) return;
    const lane = LANES[who];
    const x = this.x(Math.max(from, this.from));
    const width = Math.max(2, this.x(Math.min(to, this.to)) - x);
    this.draw("rect", { class: `span ${who}`, x: x.toFixed(1), y: lane.top, width: width.toFixed(1), height: 2 * lane.half, rx: 3 }, [text, ...notes].join(" – "));
    if (heard < 1 && this.holds(to)) this.draw("line", { class: "cut", x1: this.x(to).toFixed(1), x2: this.x(to).toFixed(1), y1: lane.top, y2: lane.top + 2 * lane.half }, "interrupted");
  }

  /** @param {{step_ms: number, left: number[], right: number[]}} waves @param {number} offset */
  waves({ step_ms, left, right }, offset) {
    const first = Math.max(0, Math.floor((this.from - offset) / step_ms));
    const last = Math.ceil((this.to - offset) / step_ms);
    for (const [who, peaks] of /** @type {["caller" | "bot", number[]][]} */ ([["caller", left], ["bot", right]])) {
      const { middle, half } = LANES[who];
      /** @type {string[]} */
      const above = [];
      /** @type {string[]} */
      const below = [];
      peaks.slice(first, last).forEach((peak, at) => {
        const x = this.x(offset + (first + at) * step_ms).toFixed(1);
        const y = (peak / 100) * half;
        above.push(`${x} ${(middle - y).toFixed(1)}`);
        below.unshift(`${x} ${(middle + y).toFixed(1)}`);
      });
      if (above.length) this.draw("path", { class: who, d: `M${above.join("L")}L${below.join("L")}Z` });
    }
  }

  /** @param {any} turn */
  turn({ gap_ms, bot, ended }) {
    const until = bot.first_packet_ms;
    if (gap_ms === null || gap_ms < 0 || until === null) return;
    const from = until - gap_ms;
    if (until < this.from || from >= this.to) return;
    const x = this.x(Math.max(from, this.from)).toFixed(1);
    this.draw("line", { class: "gap", x1: x, x2: this.x(Math.min(until, this.to)).toFixed(1), y1: GAP_Y, y2: GAP_Y }, ended ?? "");
    if (this.holds(from)) this.text(Number(x), GAP_Y - 3, `${(gap_ms / 1000).toFixed(2)} s`, "gap-time");
  }

  /** @param {number} at @param {string} key */
  key(at, key) {
    if (this.holds(at)) this.text(this.x(at), LANES.caller.top + 12, key, "key");
  }

  /** @param {number} at @param {string} reason */
  fault(at, reason) {
    if (this.holds(at)) this.draw("path", { class: "fault", d: `M${this.x(at).toFixed(1)} ${AXIS_Y - 12}l5 9h-10z` }, reason);
  }
}
