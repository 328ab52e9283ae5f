// The lines of a call: final ones in the log, those that are being said below it.

import { $, clock, make } from "../shared/dom.js";

/** @typedef {import("./call.js").Event} Event */

/** @type {Record<string, string>} */
const SENTIMENTS = { POSITIVE: "positive", NEGATIVE: "negative", MIXED: "mixed" };

export class Transcript {
  /** @type {Map<string, {key: string, element: HTMLElement}>} */
  #shown = new Map(); // by the id of an utterance or mark: the element, and what it shows

  constructor() {
    const box = $("transcript");
    this.following = true;
    box.addEventListener("scroll", () => {
      this.following = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
      $("newest").hidden = this.following;
    });
    new ResizeObserver(() => this.following && this.#toNewest()).observe(box);
    $("newest").addEventListener("click", () => {
      this.following = true;
      this.#toNewest();
      box.focus();
    });
  }

  /** Another call. */
  clear() {
    this.#shown.clear();
    $("lines").replaceChildren();
    $("partial").replaceChildren();
    this.following = true;
  }

  /** @param {import("./call.js").Call} call */
  show(call) {
    const wanted = new Map();
    for (const line of call.lines.values()) {
      const sentiment = SENTIMENTS[call.sentiments.get(line.UtteranceId)?.Sentiment] ?? "";
      const who = call.who(line.ParticipantId);
      wanted.set(line.UtteranceId, {
        at: line.BeginOffsetMillis,
        list: line.IsPartial ? "partial" : "lines",
        key: JSON.stringify([line.Content, line.IsPartial, who]),
        element: () => utterance(line, who),
        sentiment,
      });
    }
    for (const mark of call.marks) {
      const key = `mark ${mark.EventNumber}`;
      wanted.set(key, { at: mark.OffsetMillis, list: "lines", key, element: () => listening(mark) });
    }
    if (call.missed) {
      wanted.set("missed", { at: -1, list: "lines", key: "missed", element: missed });
    }
    for (const [id, shown] of this.#shown) {
      if (wanted.get(id)?.key !== shown.key) {
        shown.element.remove();
        this.#shown.delete(id);
      }
    }
    for (const [id, { at, list, key, element, sentiment }] of wanted) {
      const shown = this.#shown.get(id) ?? { key, element: this.#insert($(list), element(), at) };
      this.#shown.set(id, shown);
      if (sentiment) feel(shown.element, sentiment);
    }
    if (this.following) this.#toNewest();
  }

  /**
   * @template {HTMLElement} Inserted
   * @param {HTMLElement} list
   * @param {Inserted} element
   * @param {number} at
   */
  #insert(list, element, at) {
    element.dataset.at = String(at);
    let before = /** @type {HTMLElement | null} */ (list.lastElementChild);
    while (before && Number(before.dataset.at) > at) before = /** @type {HTMLElement | null} */ (before.previousElementSibling);
    if (before) before.after(element);
    else list.prepend(element);
    return element;
  }

  #toNewest() {
    const box = $("transcript");
    box.scrollTop = box.scrollHeight;
  }
}

/** @param {Event} line @param {{role: string, name: string}} who */
function utterance(line, who) {
  const item = make("li", { class: `line ${who.role.toLowerCase()}`, lang: line.LanguageCode || undefined });
  if (line.IsPartial) item.classList.add("partial");
  const name = make("span", { class: "who", title: who.name || undefined }, who.role);
  const time = make("span", { class: "time" }, clock(line.BeginOffsetMillis));
  item.append(
    make("span", { class: "head" }, name, time, make("span", { class: "feeling", "aria-hidden": "true" })),
    make("span", { class: "text" }, ...marked(line)),
  );
  return item;
}

/** The sentiment comes later than the line, which is not read out once more: the chart's words tell the trend.
    @param {HTMLElement} item @param {string} sentiment */
function feel(item, sentiment) {
  const shown = item.querySelector(".feeling");
  if (!shown || shown.textContent === sentiment) return;
  shown.textContent = sentiment;
  shown.className = `feeling ${sentiment}`;
}

/** The text with its marks. Offsets count code points. @param {Event} line */
function marked(line) {
  const points = [...line.Content];
  const parts = [];
  let end = 0;
  for (const { BeginOffsetChar, EndOffsetChar, Category } of line.Redaction.CharacterOffsets) {
    parts.push(points.slice(end, BeginOffsetChar).join(""));
    parts.push(make("mark", { title: `Withheld: ${Category}` }, points.slice(BeginOffsetChar, EndOffsetChar).join("")));
    end = EndOffsetChar;
  }
  return [...parts, points.slice(end).join("")].filter((part) => part !== "");
}

/** @type {Record<string, string>} */
const WHY = { rule: "by a rule", agent: "by the agent", program: "by a program", client: "by the telephone system" };

/** @param {Event} mark */
function listening(mark) {
  const what = mark.IsListening ? "Listening again" : "Listening paused";
  const why = WHY[mark.Why] ? ` ${WHY[mark.Why]}` : "";
  return make("li", { class: "mark" }, `${what}${why}, ${clock(mark.OffsetMillis)}`);
}

function missed() {
  return make("li", { class: "mark" }, "Earlier lines are not kept any more.");
}
