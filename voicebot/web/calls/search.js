// The form, and the calls that are found.

import * as access from "../shared/access.js";
import { $, clock, make } from "../shared/dom.js";

const ROOT = "v1/records";
const CHOICES = ["outcome", "bot", "step"];
const TIMES = ["since", "until"];

export class Search {
  #form = /** @type {HTMLFormElement} */ ($("search"));
  #asked = new URLSearchParams();
  #next = "";
  #round = 0;
  #facets = false;

  /** @param {(asked: URLSearchParams) => void} onAsk somebody wants to search for this */
  constructor(onAsk) {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      onAsk(this.#filled());
    });
    this.#form.addEventListener("reset", () => setTimeout(() => onAsk(new URLSearchParams())));
    $("more").addEventListener("click", () => this.#load());
  }

  /** Fill the form, and show what is found. @param {URLSearchParams} asked */
  async show(asked) {
    this.#asked = asked;
    this.#next = "";
    for (const field of /** @type {Iterable<any>} */ (this.#form.elements)) {
      if (field.name && !CHOICES.includes(field.name)) field.value = asked.get(field.name) ?? "";
    }
    await Promise.all([this.#load(), this.#facets || this.#loadFacets()]);
    for (const name of CHOICES) choose(this.#choice(name), asked.get(name) ?? "");
  }

  /** @param {string} name */
  #choice(name) {
    return /** @type {HTMLSelectElement} */ (this.#form.elements.namedItem(name));
  }

  #filled() {
    const given = [...new FormData(this.#form)].map(([name, value]) => [name, String(value).trim()]);
    return new URLSearchParams(given.filter(([, value]) => value));
  }

  async #load() {
    const round = ++this.#round;
    const query = new URLSearchParams(this.#asked);
    for (const name of TIMES) {
      const time = query.get(name);
      if (time) query.set(name, new Date(time).toISOString());
    }
    if (this.#next) query.set("before", this.#next);
    try {
      const found = await access.api(ROOT).get(`?${query}`);
      if (round === this.#round) this.#add(found, Boolean(this.#next));
    } catch (error) {
      if (round === this.#round) access.refused(error);
    }
  }

  /** @param {any} found @param {boolean} further */
  #add(found, further) {
    const before = further ? [...$("rows").children] : [];
    const rows = found.calls.flatMap((/** @type {any} */ call) => rowsOf(call, this.#asked));
    $("rows").replaceChildren(...before, ...rows);
    this.#next = found.next ?? "";
    $("more").hidden = !this.#next;
    $("none").hidden = $("rows").children.length > 0;
    const count = $("rows").querySelectorAll("a").length;
    const said = `${count === 1 ? "1 call" : `${count} calls`}${this.#next ? ", and more" : ""}`;
    $("count").textContent = found.missing ? `${said}. ${found.missing} records are still being read.` : said;
  }

  async #loadFacets() {
    try {
      const facets = await access.api(ROOT).get("/facets");
      for (const name of CHOICES) {
        const options = facets[name].map((/** @type {string} */ value) => make("option", { value }, value));
        this.#choice(name).replaceChildren(make("option", { value: "" }, "any"), ...options);
      }
      this.#facets = true;
    } catch (error) {
      access.refused(error);
    }
  }
}

/** A value that is not among the options is one all the same. @param {HTMLSelectElement} select @param {string} value */
function choose(select, value) {
  if (value && ![...select.options].some((option) => option.value === value)) select.append(make("option", { value }, value));
  select.value = value;
}

/** @param {any} call @param {URLSearchParams} asked */
function rowsOf(call, asked) {
  const there = new URLSearchParams(asked);
  there.set("call", call.id);
  const began = new Date(call.started);
  const open = make("a", { href: `#${there}` }, began.toLocaleString([], { dateStyle: "short", timeStyle: "medium" }));
  const row = make(
    "tr",
    {},
    make("td", { class: "number" }, open),
    make("td", { class: "party" }, call.from || "unknown"),
    make("td", { class: "party" }, call.to),
    make("td", { class: "number" }, call.duration_ms === null ? "" : clock(call.duration_ms)),
    make("td", {}, call.outcome + (call.failures ? ` (${call.failures === 1 ? "1 failure" : `${call.failures} failures`})` : "")),
    make("td", {}, call.kind === "people" ? "people" : call.bot),
    make("td", { class: "number" }, String(call.turns)),
    make("td", { class: "number" }, call.gap_ms === null ? "" : `${(call.gap_ms / 1000).toFixed(2)} s`),
  );
  if (!call.said.length) return [row];
  row.className = "has-said";
  const said = call.said.map((/** @type {any} */ part) => (part.found ? make("mark", {}, part.text) : part.text));
  return [row, make("tr", { class: "said" }, make("td", { colspan: "8" }, ...said))];
}
