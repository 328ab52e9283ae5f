// One call: its facts, its picture, its recording, and what was said.

import * as access from "../shared/access.js";
import { $, clock, make } from "../shared/dom.js";
import { Been } from "./been.js";
import { ladder } from "./ladder.js";
import { Picture } from "./picture.js";
import { Player } from "./player.js";
import { transcript, words } from "./transcript.js";

const ROOT = "v1/records";
const BEFORE_MS = 150; // a word is heard from its very beginning

export class CallView {
  #id = "";
  /** Milliseconds from the call's beginning to the recording's. */
  #offset = 0;
  #hasAudio = false;
  /** @type {{at: number, element: HTMLElement}[]} */
  #words = [];
  /** @type {HTMLElement | null} */
  #now = null;
  #been = new Been();
  #picture = new Picture($("picture"), (at) => this.#hear(at));
  #player = new Player(/** @type {HTMLAudioElement} */ ($("audio")), (seconds, playing) => this.#playing(seconds, playing));

  constructor() {
    $("save-record").addEventListener("click", () => this.#save("", "json"));
    $("save-picture").addEventListener("click", () => this.#save("/picture.svg", "svg"));
  }

  close() {
    this.#id = "";
    this.#player.stop();
  }

  /** @param {string} id */
  async open(id) {
    this.#id = id;
    const path = `/${encodeURIComponent(id)}`;
    const api = access.api(ROOT);
    const loudness = api.get(`${path}/waves`); // which the archive works out, whenever calls leave it the processor
    loudness.catch(() => {}); // it is told below
    try {
      const [record, may] = await Promise.all([api.get(path), access.asked()]);
      if (this.#id !== id) return;
      this.#offer(false, path);
      this.#show(record, null);
      this.#been.show(record);
      $("call-title").focus();
      const waves = await loudness;
      if (this.#id !== id || waves === null) return;
      this.#offer(may("operator"), path);
      this.#show(record, waves);
      if (this.#hasAudio) await this.#load(id, path);
    } catch (error) {
      if (this.#id === id) access.refused(error);
    }
  }

  /** @param {boolean} audio whether there is a recording that may be heard @param {string} path of the call */
  #offer(audio, path) {
    this.#hasAudio = audio;
    $("save-audio").setAttribute("href", `${ROOT}${path}/audio.wav`);
    $("save-audio").hidden = $("player").hidden = !this.#hasAudio;
    $("call").classList.toggle("with-audio", this.#hasAudio);
  }

  /** The player shows no token: what it may fetch is asked for before. @param {string} id @param {string} path */
  async #load(id, path) {
    await access.api(ROOT).post(`${path}/listen`);
    if (this.#id === id) this.#player.load(`${ROOT}${path}/audio.wav`);
  }

  /** @param {any} record @param {any} waves */
  #show(record, waves) {
    this.#offset = record.quality?.recording_from_ms ?? 0;
    const lines = transcript(record);
    const { from, to } = partiesOf(record);
    $("call-title").textContent = `${from} to ${to}`;
    $("facts").replaceChildren(...facts(record).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
    this.#words = [];
    $("transcript").replaceChildren(...lines.map((line) => this.#entry(line)));
    this.#words.sort((a, b) => a.at - b.at);
    const signalling = record.signalling;
    $("signalling").hidden = !signalling?.messages.length;
    $("ladder").replaceChildren(...(signalling ? ladder(signalling, record.started) : []));
    this.#picture.show(lines, record, waves, this.#offset);
  }

  /** @param {import("./transcript.js").Line} line */
  #entry(line) {
    const time = line.from === null ? "" : clock(line.from);
    if (!line.who) return make("li", { class: "note" }, `${time} ${line.text}`);
    const head = make("p", { class: "head" }, make("span", { class: "who" }, line.name), make("span", { class: "time" }, time));
    head.append(...line.notes.map((note) => make("span", {}, note)));
    if (this.#hasAudio && line.from !== null) {
      const hear = make("button", { type: "button", class: "hear", "aria-label": `Hear ${line.name} at ${time}` }, "Hear");
      hear.addEventListener("click", () => this.#hear(/** @type {number} */ (line.from)));
      head.append(hear);
    }
    const text = make("p", { class: "text" }, ...this.#spoken(line));
    return make("li", { class: line.who }, head, text);
  }

  /** @param {import("./transcript.js").Line} line */
  #spoken(line) {
    /** @type {HTMLElement[]} */
    const heard = [];
    /** @type {HTMLElement[]} */
    const missed = [];
    for (const word of words(line)) {
      const element = make("span", { class: "word" }, word.text);
      if (word.at !== null && word.heard) {
        const at = word.at;
        element.addEventListener("click", () => this.#hear(at));
        this.#words.push({ at, element });
      }
      (word.heard ? heard : missed).push(element);
    }
    return missed.length ? [...heard, make("s", { title: "not heard: the caller has interrupted" }, ...missed)] : heard;
  }

  /** @param {number} at in milliseconds since the call began */
  #hear(at) {
    if (this.#hasAudio) this.#player.playFrom((at - this.#offset - BEFORE_MS) / 1000);
  }

  /** @param {number} seconds @param {boolean} playing */
  #playing(seconds, playing) {
    const at = seconds * 1000 + this.#offset;
    this.#picture.playing(at, playing);
    if (playing) this.#been.playing(at);
    const now = playing ? this.#words.findLast((word) => word.at <= at + BEFORE_MS)?.element ?? null : null;
    if (now === this.#now) return;
    this.#now?.classList.remove("now");
    now?.classList.add("now");
    this.#now = now;
  }

  /** @param {string} what @param {string} kind */
  async #save(what, kind) {
    try {
      const url = URL.createObjectURL(await access.api(ROOT).blob(`/${encodeURIComponent(this.#id)}${what}`));
      make("a", { href: url, download: `${this.#id}.${kind}` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch (error) {
      access.refused(error);
    }
  }
}

/** @param {any} record */
function partiesOf(record) {
  if (record.kind !== "assist") return { from: record.caller || "unknown", to: record.callee };
  const named = (/** @type {string} */ role) => {
    const party = record.parties.find((/** @type {any} */ one) => one.ParticipantRole === role);
    return party?.DisplayName || party?.Address || "unknown";
  };
  return { from: named("CUSTOMER"), to: named("AGENT") };
}

/** @param {any} record @returns {[string, string][]} */
function facts(record) {
  const gaps = (record.turns ?? []).map((/** @type {any} */ turn) => turn.gap_ms).filter((/** @type {any} */ gap) => gap !== null && gap >= 0).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b);
  const middle = gaps.length ? `${(gaps[Math.floor((gaps.length - 1) / 2)] / 1000).toFixed(2)} s, longest ${(gaps[gaps.length - 1] / 1000).toFixed(2)} s` : "";
  const mos = record.quality?.mos;
  const all = [
    ["Began", new Date(record.started).toLocaleString()],
    ["Lasted", record.duration_ms === null ? "" : clock(record.duration_ms)],
    ["Ended", record.end.reason],
    ["Direction", record.direction ?? ""],
    ["Trunk", record.trunk],
    ["Bot", record.bot ?? ""],
    ["Language", record.language ?? ""],
    ["Codec", record.codec ?? ""],
    ["Wait for an answer", middle],
    ["MOS", typeof mos === "number" ? mos.toFixed(1) : ""],
    ["Interruptions", record.interruptions ? String(record.interruptions) : ""],
    ["Id", record.id],
  ];
  return /** @type {[string, string][]} */ (all.filter(([, value]) => value));
}
