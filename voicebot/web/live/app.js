// The page of running calls: a row for each, and one of them opened.

import { Api, Refused } from "../shared/api.js";
import { $, make, shape } from "../shared/dom.js";
import { follow } from "./follow.js";
import { StoryView } from "./story_view.js";

const GAP_TOP_MS = 2000;
const view = new StoryView($("story"), $("floor"));
/** @type {Map<string, any>} */
const calls = new Map();
/** @type {Map<string, HTMLElement>} */
const rows = new Map();
let api = new Api("", "v1/live/");
let chosen = "";
/** @type {(() => void) | null} */
let stop = null;
/** @type {AbortController | null} */
let following = null;

function begin() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem("console-token", given.get("token") ?? "");
    history.replaceState(null, "", location.pathname + location.search);
  }
  api = new Api(sessionStorage.getItem("console-token") ?? "", "v1/live/");
  openPart("live");
  followAll();
}

async function followAll() {
  following?.abort();
  following = new AbortController();
  try {
    await api.follow("calls/events", "", take, setConnected, following.signal);
  } catch (error) {
    if (/** @type {Error} */ (error).name === "AbortError") return;
    refused(error);
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
  row.classList.toggle("chosen", call.id === chosen);
  const focused = row.contains(document.activeElement);
  const from = make("button", { type: "button" }, call.from || "unknown");
  from.addEventListener("click", () => choose(call.id));
  const time = call.started ? new Date(call.started).toLocaleTimeString() : "";
  row.replaceChildren(
    make("td", { class: "number" }, time),
    make("td", {}, from),
    make("td", {}, call.to),
    make("td", {}, call.trunk),
    make("td", {}, call.state === "up" ? call.floor : call.state),
    words(call),
    make("td", {}, sparkline(call.gaps_ms)),
    make("td", { class: "number" }, call.mos === null ? "" : call.mos.toFixed(1)),
  );
  if (focused) from.focus();
}

/** @param {any} call */
function words({ caller_said, caller_saying, bot_said }) {
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

// --- one call ---

/** @param {string} id */
function choose(id) {
  stop?.();
  chosen = id;
  const call = calls.get(id);
  $("one-title").textContent = `${call.from || "unknown"} to ${call.to}`;
  $("one").hidden = false;
  $("hangup").disabled = false;
  view.clear();
  for (const [each, row] of rows) row.classList.toggle("chosen", each === id);
  stop = follow(api, id, view, () => ($("hangup").disabled = true));
}

// --- what is shown besides ---

/** @param {boolean} is */
function setConnected(is) {
  $("state").textContent = is ? "Live" : "No connection. Trying again.";
}

/** @param {string} id */
function openPart(id) {
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== id;
}

/** @param {string} message */
function tell(message) {
  $("notice").hidden = !message;
  $("notice").textContent = message;
}

/** @param {unknown} error */
function refused(error) {
  const known = error instanceof Refused;
  if (known && error.status === 401) {
    sessionStorage.removeItem("console-token");
    openPart("access");
  }
  tell(known ? `${error.message}.` : "The server does not answer.");
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("console-token", $("token").value.trim());
  $("token").value = "";
  tell("");
  begin();
});
$("hangup").addEventListener("click", () => api.post(`calls/${encodeURIComponent(chosen)}/hangup`).catch(refused));
$("close").addEventListener("click", () => {
  stop?.();
  $("one").hidden = true;
  chosen = "";
});
addEventListener("hashchange", () => location.hash.includes("token=") && begin());

begin();
