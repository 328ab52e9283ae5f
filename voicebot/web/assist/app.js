// The page: which call is shown, and what is done with it.

import { Api, Refused } from "../shared/api.js";
import { Call } from "./call.js";
import { showMoods } from "./chart.js";
import { $, make } from "../shared/dom.js";
import { clearChecklist, copySummary, showChecklist, showFound, showSuggestions, showSummary } from "./help.js";
import { Transcript } from "./transcript.js";

const ROOT = "v1/assist/";
const transcript = new Transcript();
/** @type {Map<string, Call>} */
const calls = new Map();
/** @type {Set<string>} which parts of the page */
const changed = new Set();
let api = new Api("", ROOT);
/** @type {Call | null} */
let current = null;
let connected = true;
let scheduled = false;
let following = new AbortController();

// --- who is it, and which call ---

/** The token and the call are in the address behind the #, which is sent to nobody. They are taken out of it, so that
    nobody copies them from there, and kept for this tab. */
function credentials() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem("token", given.get("token") ?? "");
    sessionStorage.setItem("call", given.get("call") ?? "");
    history.replaceState(null, "", location.pathname + location.search);
  }
  return { token: sessionStorage.getItem("token"), call: sessionStorage.getItem("call") ?? "" };
}

async function begin() {
  const { token, call } = credentials();
  if (!token) return open("access");
  api = new Api(token, ROOT);
  await attempt(async () => {
    const me = await api.get("me");
    if (call || me.CallId) await watchCall(call || me.CallId);
    else if (me.Agent) await watchAgent(me.Agent);
    else await choose();
  });
}

async function choose() {
  open("choice");
  const { Calls } = await api.get("calls");
  const buttons = Calls.map((/** @type {any} */ { CallId, Participants }) => {
    const call = new Call(CallId);
    call.apply({ EventType: "Participants", Participants });
    const button = make("button", { type: "button" }, call.title());
    button.addEventListener("click", () => attempt(() => watchCall(CallId)));
    return make("li", {}, button);
  });
  $("running").replaceChildren(...(buttons.length ? buttons : [make("li", { class: "muted" }, "None.")]));
}

/** @param {string} id */
async function watchCall(id) {
  open("desk");
  select(callNamed(id));
  await follow(`calls/${encodeURIComponent(id)}/events`, "");
}

/** The agent's calls, as they come; until there is one, the last that has ended. @param {string} agent */
async function watchAgent(agent) {
  open("desk");
  showSoon();
  const { Calls } = await api.get(`calls?ended=1&agent=${encodeURIComponent(agent)}`);
  const last = Calls.filter((/** @type {any} */ call) => !call.IsRunning).at(-1);
  const running = Calls.some((/** @type {any} */ call) => call.IsRunning);
  await follow(`agents/${encodeURIComponent(agent)}/events`, last && !running ? `${last.CallId}:0` : "");
}

/** @param {string} path @param {string} last the position of the last event that is known, or empty */
async function follow(path, last) {
  following.abort();
  following = new AbortController();
  await api.follow(path, last, take, setConnected, following.signal);
}

// --- what comes ---

/** @param {import("./call.js").Event} event */
function take(event) {
  if (event.EventType === "AccessEnded") {
    tell(event.Why === "expired" ? "Your access has ended. Open a new link." : "This call is not yours any more.");
    if (event.CallId) forget(event.CallId);
    return;
  }
  const isNew = !calls.has(event.CallId);
  const call = callNamed(event.CallId);
  const part = call.apply(event);
  if (isNew && (!current || current.ended)) select(call);
  if (isNew || part === "all" || event.EventType === "Ended") changed.add("calls");
  if (call === current) changed.add(part);
  showSoon();
}

/** @param {string} id */
function callNamed(id) {
  const call = calls.get(id) ?? new Call(id);
  calls.set(id, call);
  return call;
}

/** @param {string} id */
function forget(id) {
  calls.delete(id);
  if (current?.id === id) {
    current = null;
    transcript.clear();
    const other = [...calls.values()].find((call) => !call.ended);
    if (other) select(other);
    else open("");
  }
  changed.add("calls");
  showSoon();
}

/** @param {Call} call */
function select(call) {
  current = call;
  open("desk");
  transcript.clear();
  clearChecklist();
  $("found").replaceChildren();
  $("copied").textContent = "";
  changed.add("all");
  showSoon();
}

/** @param {boolean} is */
function setConnected(is) {
  connected = is;
  changed.add("state");
  showSoon();
}

// --- what is shown ---

/** @type {Record<string, (call: Call) => void>} */
const PARTS = {
  lines: (call) => transcript.show(call),
  moods: (call) => (showMoods(call), transcript.show(call)),
  suggestions: showSuggestions,
  checklist: (call) => showChecklist(call, tick),
  summary: showSummary,
};

/** Once for all that comes until the next picture. */
function showSoon() {
  if (!scheduled) requestAnimationFrame(show);
  scheduled = true;
}

function show() {
  scheduled = false;
  const parts = new Set(changed);
  changed.clear();
  if (parts.has("calls") || parts.has("all")) showCalls();
  showState();
  if (!current) return;
  for (const [part, render] of Object.entries(PARTS)) {
    if (parts.has("all") || parts.has(part)) render(current);
  }
}

function showCalls() {
  const choices = [...calls.values()].map((call) => {
    const option = make("option", { value: call.id }, call.title() + (call.ended ? " (ended)" : ""));
    option.selected = call === current;
    return option;
  });
  $("call").replaceChildren(...choices);
  $("calls").hidden = choices.length < 2;
}

function showState() {
  document.body.classList.toggle("paused", Boolean(current && !current.listening && !current.ended));
  $("state").textContent = state();
  $("listen").hidden = !current || current.ended;
  $("summarize").hidden = !current;
  if (!current) return;
  const call = current;
  const agents = [...call.participants.values()].filter((party) => party.ParticipantRole === "AGENT");
  $("title").textContent = call.title();
  $("about").textContent = agents.map((party) => `with ${call.who(party.ParticipantId).name}`).join(", ");
  document.title = `${current.title()} - Agent assist`;
  $("listen").textContent = current.listening ? "Pause listening" : "Resume listening";
}

function state() {
  if (!connected) return "No connection. Trying again.";
  if (!current) return $("desk").hidden ? "" : "Waiting for a call";
  if (current.ended) return "The call has ended";
  const away = [...new Set([...current.troubles.values()].map((trouble) => trouble.What))];
  if (!current.listening) return "Not listening";
  return away.length ? `Listening; away: ${away.join(", ")}` : "Listening";
}

/** @param {string} id of a part of the page; empty: none */
function open(id) {
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== id;
}

/** @param {string} message empty: there is nothing to say */
function tell(message) {
  $("notice").hidden = !message;
  $("notice").textContent = message;
}

/** Runs what the person asked for, and says why it did not work. @param {() => Promise<any>} work */
async function attempt(work) {
  tell("");
  try {
    return await work();
  } catch (/** @type {any} */ error) {
    if (error.name === "AbortError") return undefined;
    tell(error instanceof Refused ? sentence(error) : "The server does not answer.");
    if (error.status === 401) {
      sessionStorage.removeItem("token");
      open("access");
    }
    return undefined;
  }
}

/** @param {Refused} refused */
function sentence({ status, message }) {
  return status === 401 ? "Your access has ended, or the token is wrong. Open a new link." : `${message}.`;
}

// --- what the agent does ---

/** @param {string} action what is asked of the call that is shown */
const ofCall = (action) => `calls/${encodeURIComponent(current?.id ?? "")}/${action}`;

/** @param {string} item */
function tick(item) {
  attempt(() => api.post(ofCall(`checklist/${encodeURIComponent(item)}`))).then(() => {
    if ($("notice").hidden || !current) return;
    clearChecklist();
    showChecklist(current, tick);
  });
}

/** @param {string} id @param {() => Promise<any>} work */
function onClick(id, work) {
  const button = $(id);
  button.addEventListener("click", async () => {
    if (button.ariaDisabled) return;
    button.ariaDisabled = "true"; // it keeps the focus, as a button that is disabled does not
    await attempt(work);
    button.ariaDisabled = null;
  });
}

/** @param {string} id @param {() => Promise<any>} work */
function onSubmit(id, work) {
  $(id).addEventListener("submit", (/** @type {globalThis.Event} */ event) => {
    event.preventDefault();
    attempt(work);
  });
}

// At once also while the telephone system is still being asked: who has just paused may resume.
$("listen").addEventListener("click", () => attempt(() => api.post(ofCall(current?.listening ? "pause" : "resume"))));
onClick("summarize", async () => {
  const call = current;
  if (!call) return;
  call.apply({ EventType: "Summary", ...(await api.post(ofCall("summary"))) });
  if (call === current) showSummary(call);
});
onClick("copy", async () => {
  if (current) $("copied").textContent = (await copySummary(current)) ? "Copied." : "It could not be copied.";
});
onClick("refresh", choose);
onSubmit("enter", () => {
  sessionStorage.setItem("token", $("token").value.trim());
  $("token").value = "";
  return begin();
});
onSubmit("find", () => watchAgent($("agent").value.trim()));
onSubmit("search", async () => {
  showFound((await api.get(`knowledge?q=${encodeURIComponent($("words").value)}`)).Articles);
});
$("call").addEventListener("change", () => select(callNamed($("call").value)));
addEventListener("hashchange", () => location.hash.includes("token=") && location.reload());

begin();
