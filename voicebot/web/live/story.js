// What happens in a call, as one reads it: made of the lines of its record, one by one as they come. Nothing of the page
// is known here.

import { plain, taken } from "../shared/speech.js";

/**
 * One entry. `at`: in milliseconds since the call began. `state`, of what the bot says: coming, speaking, said, or cut (the
 * caller has heard the part `heard` of it, 0 to 1); of what the caller says: hearing (it may still change) or heard. `gap`:
 * how many milliseconds the caller waited for it. `took`: what the dialogs took it for.
 * @typedef {{key: string, who: "caller" | "bot" | "", at: number, text: string, state: string, heard: number, gap: number | null, took: string}} Entry
 */

/** A time in which one of the two spoke; `to`: null, as long as it goes on. @typedef {{who: "caller" | "bot", from: number, to: number | null}} Span */

/** A line of a record's timeline, with the fields that its event has (docs/operations.md). @typedef {any} Line */

const LETTERS_A_SECOND = 15;
const MOST = 400;
const ASKED_FOR = new Set(["speech", "key"]);

export class Story {
  /** The latest last. @type {Entry[]} */
  entries = [];
  /** @type {Span[]} */
  spans = [];
  over = false;
  /** Where the call is in our own dialogs, as `dialog.step`; empty: they are not its bot, or have not begun. */
  step = "";
  /** @type {Set<string>} the steps that ran */
  been = new Set();
  /** @type {Record<string, string | null>} of the dialog; null: hidden */
  variables = {};
  #number = 0;
  /** @type {number | null} */
  #callerUntil = null;
  /** @type {Map<number, number>} since when the caller waits, by request */
  #waiting = new Map();
  /** @type {Map<number, {request: number, entry: Entry}>} by utterance */
  #prompts = new Map();
  /** @type {Map<number, Entry>} what the caller said or pressed, by request */
  #answers = new Map();

  /** @param {Line} line */
  take(line) {
    /** @type {any} */ (this)[`_${line.event}`]?.(line);
    if (this.entries.length > MOST) this.entries.splice(0, this.entries.length - MOST);
    if (this.spans.length > MOST) this.spans.splice(0, this.spans.length - MOST);
  }

  // --- the caller

  /** @param {Line} line */
  _speech_started({ onset_ms }) {
    this.#begin("caller", onset_ms);
  }

  /** @param {Line} line */
  _speech_stopped({ offset_ms }) {
    this.#callerUntil = offset_ms;
    this.#end("caller", offset_ms);
  }

  /** @param {Line} line */
  _hypothesis({ at_ms, text }) {
    this.#hearing(at_ms).text = text;
  }

  /** @param {Line} line */
  _final({ at_ms, text }) {
    const entry = this.#hearing(at_ms);
    entry.state = "heard";
    entry.text = text;
    if (!text) this.#remove(entry);
  }

  /** @param {Line} line */
  _key_pressed({ at_ms, key }) {
    this.#callerUntil = at_ms;
    const last = this.entries.findLast(({ state }) => state !== "coming");
    if (last?.state === "keys") last.text += ` ${key}`;
    else this.#add("caller", at_ms, key, "keys");
  }

  // --- the bot

  /** @param {Line} line */
  _asked({ at_ms, request, kind }) {
    for (const [utterance, { entry }] of this.#prompts) {
      if (entry.state !== "coming") continue;
      this.#prompts.delete(utterance); // it will not be said any more
      this.#remove(entry);
    }
    if (ASKED_FOR.has(kind) && this.#callerUntil !== null) this.#waiting.set(request, this.#callerUntil);
    const said = ASKED_FOR.has(kind) ? this.entries.findLast(({ who }) => who === "caller") : undefined;
    if (said) this.#answers.set(request, said);
    if (kind === "no-input") this.#note(at_ms, "The caller says nothing.");
    if (kind === "no-match") this.#note(at_ms, "That was not understood.");
  }

  /** @param {Line} line */
  _first_audio({ at_ms, utterance, request, text }) {
    this.#prompts.set(utterance, { request, entry: this.#add("bot", at_ms, plain(text), "coming") });
  }

  /** @param {Line} line */
  _playback_started({ at_ms, utterance }) {
    this.#begin("bot", at_ms);
    const prompt = this.#prompts.get(utterance);
    if (!prompt) return;
    const { entry, request } = prompt;
    this.#remove(entry); // until now it has only been made ready: what was said meanwhile comes before it
    this.#place(entry);
    const since = this.#waiting.get(request);
    this.#waiting.delete(request);
    Object.assign(entry, { state: "speaking", at: at_ms, gap: since === undefined ? null : Math.max(0, at_ms - since) });
  }

  /** @param {Line} line */
  _playback_ended({ at_ms, utterance, heard_s, whole_s, complete }) {
    this.#end("bot", at_ms);
    const prompt = this.#prompts.get(utterance);
    this.#prompts.delete(utterance);
    if (!prompt) return;
    const { entry } = prompt;
    if (entry.state === "coming") return this.#remove(entry);
    const whole = whole_s || Math.max(heard_s, entry.text.length / LETTERS_A_SECOND);
    entry.state = complete ? "said" : "cut";
    entry.heard = complete || !whole ? 1 : Math.min(1, heard_s / whole);
  }

  // --- the dialogs

  /** @param {Line} line */
  _step_reached({ request, step, path, took, value, variables }) {
    this.step = step;
    for (const one of path) this.been.add(one);
    if (variables) this.variables = variables;
    const answer = this.#answers.get(request);
    this.#answers.delete(request);
    if (answer && took) answer.took = taken(took, value);
  }

  // --- what else happens

  /** @param {Line} line */
  _bot_failed({ at_ms, reason }) {
    this.#note(at_ms, `The bot has failed: ${reason}`);
  }

  /** @param {Line} line */
  _recognition_lost({ at_ms }) {
    this.#note(at_ms, "The speech service is away.");
  }

  /** @param {Line} line */
  _recognition_restored({ at_ms }) {
    this.#note(at_ms, "The speech service is back.");
  }

  /** @param {Line} line */
  _hold_started({ at_ms }) {
    this.#note(at_ms, "The caller holds the call.");
  }

  /** @param {Line} line */
  _hold_ended({ at_ms }) {
    this.#note(at_ms, "The caller is back.");
  }

  /** @param {Line} line */
  _transfer_asked({ at_ms, target }) {
    this.#note(at_ms, `The bot transfers the caller to ${target || "somebody"}.`);
  }

  /** @param {Line} line */
  _transfer_ended({ at_ms, accepted, status }) {
    this.#note(at_ms, accepted ? "The transfer is done." : `The transfer has failed${status ? ` (${status})` : ""}.`);
  }

  /** @param {Line} line */
  _hang_up_asked({ at_ms }) {
    this.#note(at_ms, "The bot wants to hang up.");
  }

  /** @param {Line} line */
  _leg_ended({ at_ms, reason }) {
    for (const span of this.spans) span.to ??= at_ms;
    this.entries = this.entries.filter((entry) => entry.state !== "coming");
    this.#note(at_ms, `The call has ended: ${reason}.`);
    this.over = true;
  }

  // --- entries and spans

  /** @returns {Entry} what the caller is saying */
  #hearing(/** @type {number} */ at) {
    const entry = this.entries.findLast(({ state }) => state === "hearing");
    return entry ?? this.#add("caller", at, "", "hearing");
  }

  /** @param {number} at @param {string} text */
  #note(at, text) {
    this.#add("", at, text, "note");
  }

  /**
   * @param {"caller" | "bot" | ""} who
   * @param {number} at
   * @param {string} text
   * @param {string} state
   * @returns {Entry}
   */
  #add(who, at, text, state) {
    /** @type {Entry} */
    const entry = { key: String(++this.#number), who, at, text, state, heard: 0, gap: null, took: "" };
    if (state === "coming") this.entries.push(entry);
    else this.#place(entry);
    return entry;
  }

  /** After all that was said, and before what is still to be said. @param {Entry} entry */
  #place(entry) {
    const coming = this.entries.findIndex(({ state }) => state === "coming");
    this.entries.splice(coming < 0 ? this.entries.length : coming, 0, entry);
  }

  /** @param {Entry} entry */
  #remove(entry) {
    const at = this.entries.indexOf(entry);
    if (at >= 0) this.entries.splice(at, 1);
  }

  /** @param {"caller" | "bot"} who @param {number} from */
  #begin(who, from) {
    this.#end(who, from);
    this.spans.push({ who, from, to: null });
  }

  /** @param {"caller" | "bot"} who @param {number} to */
  #end(who, to) {
    const open = this.spans.findLast((span) => span.who === who && span.to === null);
    if (open) open.to = to;
  }
}
