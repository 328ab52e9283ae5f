// The page of running calls: a row for each, and one of them opened.

import * as access from "../shared/access.js";
import { $, make, shape } from "../shared/dom.js";
import { OneCall } from "./one_call.js";

const GAP_TOP_MS = 2000;
/** @type {Map<string, any>} */
const calls = new Map();
/** @type {Map<string, HTMLElement>} */
const rows = new Map();
const one = new OneCall(() => mark(""));
/** @type {AbortController | null} */
let following = null;

async function begin() {
  access.show("live");
  try {
    const may = access.asked().then((may) => one.may(may));
    await Promise.all([may, followAll()]);
  } catch (error) {
    access.refused(error);
  }
}

async function followAll() {
  following?.abort();
  following = new AbortController();
  try {
    await access.api("v1/live/").follow("calls/events", "", take, setConnected, following.signal);
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "AbortError") throw error;
  }
}

/** @param {{all: boolean, calls: any[], gone: string[]}} news */
function take({ all, calls: changed, gone }) {
  if (all) calls.clear();
  for (const call of changed) calls.set(call.id, call);
  for (const id of gone) calls.delete(id);
  show();
}

// --- all calls ---

function show() {
  for (const [id, row] of rows) {
    if (calls.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  for (const call of calls.values()) {
    const row = rows.get(call.id) ?? newRow(call.id);
    fill(row, call);
  }
  $("count").textContent = calls.size === 1 ? "1 call" : `${calls.size} calls`;
  $("none").hidden = calls.size > 0;
}

/** @param {string} id */
function newRow(id) {
  const row = make("tr");
  rows.set(id, row);
  $("rows").append(row);
  return row;
}

/** @param {HTMLElement} row @param {any} call */
function fill(row, call) {
  const drawn = JSON.stringify(call);
  if (row.dataset.drawn === drawn) return;
  row.dataset.drawn = drawn;
  row.classList.toggle("chosen", call.id === one.id);
  const focused = row.contains(document.activeElement);
  const who = call.from || (call.from === undefined ? "a call" : "unknown");
  const from = call.node === undefined ? make("button", { type: "button" }, who) : make("span", {}, who);
  if (call.node === undefined) from.addEventListener("click", () => choose(call));
  const time = call.started ? new Date(call.started).toLocaleTimeString() : "";
  row.replaceChildren(
    make("td", { class: "number" }, time),
    make("td", {}, from),
    make("td", {}, call.to ?? ""),
    make("td", {}, call.trunk),
    make("td", {}, call.bot),
    make("td", {}, (call.state === "up" && call.floor) || call.state),
    ...(call.node === undefined ? known(call) : [make("td", { class: "muted", colspan: "4" }, `goes on at ${call.node}; no more is known here`)]),
  );
  if (focused) from.focus();
}

/** What only the node of a call knows. @param {any} call */
function known(call) {
  return [
    make("td", {}, call.step ?? ""),
    words(call),
    make("td", {}, sparkline(call.gaps_ms)),
    make("td", { class: "number" }, call.mos === null ? "" : call.mos.toFixed(1)),
  ];
}

/** @param {any} call */
function words({ caller_said = "", caller_saying = "", bot_said = "" }) {
  const caller = make("p", { class: "caller" }, caller_saying ? make("i", {}, caller_saying) : caller_said);
  return make("td", { class: "words" }, caller, make("p", { class: "bot" }, bot_said));
}

/** The waits for the latest answers; the top is two seconds. @param {number[]} gaps */
function sparkline(gaps) {
  if (!gaps.length) return "";
  const points = gaps.map((gap, n) => `${(n * 100) / Math.max(1, gaps.length - 1)},${24 - 24 * Math.min(1, gap / GAP_TOP_MS)}`);
  const picture = shape("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", role: "img" });
  const last = (gaps[gaps.length - 1] / 1000).toFixed(2);
  picture.setAttribute("aria-label", `the last answer came after ${last} s`);
  picture.append(shape("polyline", { points: points.length > 1 ? points.join(" ") : `0,${points[0].split(",")[1]} 100,${points[0].split(",")[1]}` }));
  return picture;
}

/** @param {any} call */
function choose(call) {
  one.open(call);
  mark(call.id);
}

/** @param {string} id of the call that is opened, or empty */
function mark(id) {
  for (const [each, row] of rows) row.classList.toggle("chosen", each === id);
}

/** @param {boolean} is */
function setConnected(is) {
  $("state").textContent = is ? "Live" : "No connection. Trying again.";
}

access.open(begin);
