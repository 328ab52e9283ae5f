// What was said in a call, made of its record. Nothing of the page is known here.

import { plain, taken } from "../shared/speech.js";

/**
 * One thing that was said or happened, from `from` to `to` in milliseconds since the call began (null: not known).
 * `heard`: which part of it the caller has heard, 0 to 1. `notes`: what else is to be told of it.
 * @typedef {{who: "caller" | "bot" | "", name: string, from: number | null, to: number | null, text: string, heard: number, notes: string[]}} Line
 */

/** @type {Record<string, string>} */
const ENDED = {
  complete: "all that was asked for was said",
  final: "it was quiet, and all was recognised",
  model: "the voice sounded finished",
  silence: "it was quiet for long enough",
  patience: "more was awaited, and did not come",
};
/** @type {Record<string, string>} */
const OVERLAPS = {
  "back-channel": "The caller says “mhm” or the like: the bot goes on.",
  unconfirmed: "A voice, perhaps: the bot goes on.",
  echo: "An echo of the bot: it goes on.",
  noise: "A noise: the bot goes on.",
};
/** @type {Record<string, string>} */
const KINDS = { "no-input": "The caller says nothing.", "no-match": "That was not understood." };

/** @param {any} record @returns {Line[]} */
export function transcript(record) {
  const lines = record.kind === "assist" ? ofPeople(record) : ofBot(record);
  return lines.map((line, at) => ({ line, at })).sort((a, b) => (a.line.from ?? Infinity) - (b.line.from ?? Infinity) || a.at - b.at).map(({ line }) => line);
}

/** @param {any} record @returns {Line[]} */
function ofPeople(record) {
  const names = new Map(record.parties.map((/** @type {any} */ party) => [party.ParticipantId, party.DisplayName || party.Address]));
  return record.transcript.map((/** @type {any} */ line) => {
    const byCaller = line.ParticipantRole === "CUSTOMER";
    const name = names.get(line.ParticipantId) || (byCaller ? "Caller" : "Agent");
    return entry(byCaller ? "caller" : "bot", line.BeginOffsetMillis, line.EndOffsetMillis, line.Content, { name });
  });
}

/** @param {any} record @returns {Line[]} */
function ofBot(record) {
  const steps = record.timeline.filter((/** @type {any} */ line) => line.event === "step_reached");
  const reached = (/** @type {any} */ { request, bot }) => steps.find((/** @type {any} */ line) => line.request === request && line.at_ms >= bot.asked_ms);
  return [...record.turns.flatMap((/** @type {any} */ turn) => ofTurn(turn, reached(turn))), ...whatElse(record)];
}

/** @param {any} turn @param {any} reached where it has led in our own dialogs, if they tell that @returns {Line[]} */
function ofTurn(turn, reached) {
  const { caller, bot } = turn;
  const took = reached?.took ? [taken(reached.took, reached.value)] : [];
  const lines = [];
  if (KINDS[turn.kind]) lines.push(note(bot.asked_ms, KINDS[turn.kind]));
  const words = caller.final_text || (caller.speech_start_ms === null ? "" : caller.text);
  if (caller.keys) lines.push(entry("caller", caller.keys_ms[0], null, `Keys ${caller.keys}`, { notes: words ? [] : took }));
  if (words) {
    const why = turn.ended ? [...took, `turn ended: ${ENDED[turn.ended] ?? turn.ended}`] : [...took];
    if (caller.confidence !== null) why.push(`recognised with ${Math.round(caller.confidence * 100)} %`);
    lines.push(entry("caller", caller.speech_start_ms, caller.speech_end_ms ?? bot.asked_ms, words, { notes: why }));
  }
  let gap = turn.gap_ms;
  let step = reached ? [`step ${reached.path.join(" › ") || reached.step}`] : [];
  for (const said of bot.utterances) {
    if (said.first_packet_ms === null) continue;
    const notes = gap !== null && gap >= 0 ? [`after ${(gap / 1000).toFixed(2)} s`] : [];
    notes.push(...step);
    step = [];
    gap = null;
    if (said.failed) notes.push(`failed: ${said.failed}`);
    const cut = said.complete === false && !said.failed;
    if (cut) notes.push("interrupted");
    const to = said.playback_end_ms ?? said.first_packet_ms;
    lines.push(entry("bot", said.first_packet_ms, to, plain(said.text), { notes, heard: cut ? heardOf(said, turn) : 1 }));
  }
  if (bot.failed) lines.push(note(bot.asked_ms, `The bot has failed: ${bot.failed}`));
  return lines;
}

/** @param {any} said @param {any} turn */
function heardOf(said, turn) {
  const text = plain(said.text);
  const known = turn.bot.interrupted?.utterance === said.utterance ? turn.bot.interrupted.heard_text : null;
  if (known !== null && known !== undefined && text.startsWith(known)) return known.length / text.length;
  return Math.min(1, (said.heard_s ?? 0) / Math.max(0.1, text.length / 15));
}

/** @param {any} record @returns {Line[]} */
function whatElse(record) {
  const lines = record.overlaps.filter((/** @type {any} */ one) => OVERLAPS[one.outcome]).map((/** @type {any} */ one) => note(one.began_ms, OVERLAPS[one.outcome] + (one.text ? ` (“${one.text}”)` : "")));
  const told = new Set(record.turns.map((/** @type {any} */ turn) => turn.bot.failed));
  for (const { at_ms, what, reason } of record.failures) {
    if (what !== "bot" || !told.has(reason)) lines.push(note(at_ms, `${what[0].toUpperCase()}${what.slice(1)} has failed: ${reason}`));
  }
  if (record.transfer) {
    const { asked_ms, target, accepted, status } = record.transfer;
    const done = accepted === null ? "" : accepted ? ": done" : `: it has failed${status ? ` (${status})` : ""}`;
    lines.push(note(asked_ms ?? record.transfer.ended_ms, `Transfer to ${target || "somebody"}${done}.`));
  }
  lines.push(note(record.duration_ms, `The call has ended: ${record.end.reason}.`));
  return lines;
}

/** @param {number | null} at @param {string} text @returns {Line} */
function note(at, text) {
  return { who: "", name: "", from: at, to: null, text, heard: 1, notes: [] };
}

/**
 * @param {"caller" | "bot"} who @param {number | null} from @param {number | null} to @param {string} text
 * @param {{name?: string, notes?: string[], heard?: number}} more @returns {Line}
 */
function entry(who, from, to, text, { name = who === "bot" ? "Bot" : "Caller", notes = [], heard = 1 } = {}) {
  return { who, name, from, to, text, heard, notes };
}

/** The words of a line with the time at which each begins: by how far it is in the text, as nobody measures words.
 * @param {Line} line @returns {{text: string, at: number | null, heard: boolean}[]} */
export function words({ text, from, to, heard }) {
  const parts = text.match(/\S+\s*/g) ?? [];
  let at = 0;
  return parts.map((part) => {
    const share = at / text.length;
    at += part.length;
    const whole = to === null || from === null ? 0 : (to - from) / (heard || 1);
    return { text: part, at: from === null ? null : from + share * whole, heard: share < heard };
  });
}
