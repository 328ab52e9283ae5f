// The page: what is shown of the phone, and what is done with it.

import { Api, Refused } from "../shared/api.js";
import { $, clock, make } from "../shared/dom.js";
import { follow } from "../live/follow.js";
import { StoryView } from "../live/story_view.js";
import { Level } from "./level.js";
import { available, choose, close, microphones, open } from "./microphone.js";
import { Phone } from "./phone.js";
import { INSECURE, NO_CONNECTION, whyNoMicrophone } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const PHASES = { idle: "Ready", connecting: "Connecting", ringing: "Ringing", up: "Connected" };
const said = new Level($("said"));
const heard = new Level($("heard"));
const phone = new Phone(ticket, show, listen);
const view = new StoryView($("story"), $("floor"));
/** @type {MediaStream | null} */
let stream = null;
/** The call whose story is shown, and what ends that. */
let followed = { id: "", stop: () => {} };
let api = new Api("", "v1/");
let asking = false;

// --- who is it ---

/** The token is in the address behind the #, which is sent to nobody. It is taken out of it, so that nobody copies it
    from there, and kept for this tab. */
function begin() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem("console-token", given.get("token") ?? "");
    history.replaceState(null, "", location.pathname + location.search);
  }
  api = new Api(sessionStorage.getItem("console-token") ?? "", "v1/");
  openPart("phone");
  tell(available() ? "" : INSECURE);
}

async function ticket() {
  try {
    return (await api.post("phone/tickets")).Ticket;
  } catch (error) {
    if (!(error instanceof Refused)) throw new Error(NO_CONNECTION);
    if (error.status === 401) {
      sessionStorage.removeItem("console-token");
      openPart("access");
      throw new Error("Calls from this page need the console's token.");
    }
    throw new Error(`${error.message}.`);
  }
}

// --- the call ---

async function call() {
  if (phone.phase !== "idle" || asking) return;
  tell("");
  if (!available()) return tell(INSECURE);
  asking = true;
  show();
  try {
    stream = await open($("microphone").value);
  } catch (error) {
    tell(whyNoMicrophone(error));
  }
  if (stream) {
    showMicrophones(); // now they have names
    said.begin(stream);
    $("pressed").textContent = "";
    phone.call($("caller").value.trim() || "anonymous", $("called").value.trim() || "bot", stream);
  }
  asking = false;
  show();
}

/** @param {MediaStream} audio of the other side */
function listen(audio) {
  $("audio").srcObject = audio;
  heard.begin(audio);
}

/** Show what happens in this call. */
function followCall() {
  if (phone.callId === followed.id) return;
  followed.stop();
  view.clear();
  $("phone").dataset.call = phone.callId;
  const live = new Api(sessionStorage.getItem("console-token") ?? "", "v1/live/");
  followed = { id: phone.callId, stop: follow(live, phone.callId, view) };
}

/** @param {string} key */
function press(key) {
  if (phone.press(key)) $("pressed").textContent += key;
}

// --- what is shown ---

function show() {
  const idle = phone.phase === "idle";
  if (idle && stream && !asking) {
    said.end();
    heard.end();
    close(stream);
    stream = null;
    $("audio").srcObject = null;
  }
  $("call").hidden = !idle;
  $("call").disabled = asking;
  $("hangup").hidden = idle;
  for (const [id, is] of [["mute", phone.muted], ["hold", phone.held]]) {
    $(id).disabled = phone.phase !== "up";
    $(id).setAttribute("aria-pressed", String(is && !idle));
  }
  for (const button of $("keypad").children) button.disabled = phone.phase !== "up";
  $("caller").disabled = $("called").disabled = $("microphone").disabled = !idle;
  if (idle && phone.wrong) tell(phone.said);
  if (phone.phase === "up") followCall();
  showState();
}

function showState() {
  const time = phone.phase === "up" ? ` ${clock(performance.now() - phone.since)}` : "";
  const state = asking ? "Waiting for the microphone" : PHASES[phone.phase] + (phone.held ? ", on hold" : "") + time;
  $("state").textContent = phone.said && !phone.wrong ? (phone.phase === "up" ? `${state}. ` : "") + phone.said : state;
  $("state").classList.toggle("busy", phone.phase !== "idle");
  document.title = phone.phase === "idle" ? "Talk to the bot" : `${PHASES[phone.phase]}${time} - Talk to the bot`;
}

async function showMicrophones() {
  const options = (await microphones()).map(({ id, name, chosen }) => {
    const option = make("option", { value: id }, name);
    option.selected = chosen;
    return option;
  });
  $("microphone").replaceChildren(...options);
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

// --- what the person does ---

$("keypad").append(
  ...KEYS.map((key) => {
    const button = make("button", { type: "button", value: key }, key);
    button.addEventListener("click", () => press(key));
    return button;
  }),
);
$("dial").addEventListener("submit", (event) => {
  event.preventDefault();
  call();
});
$("hangup").addEventListener("click", () => phone.hangUp());
$("mute").addEventListener("click", () => phone.toggleMute());
$("hold").addEventListener("click", () => phone.toggleHold());
$("microphone").addEventListener("change", () => choose($("microphone").value));
$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("console-token", $("token").value.trim());
  $("token").value = "";
  begin();
});
addEventListener("keydown", ({ key, target, ctrlKey, altKey, metaKey }) => {
  const typed = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  if (!typed && !ctrlKey && !altKey && !metaKey && KEYS.includes(key)) press(key);
});
addEventListener("pagehide", () => phone.hangUp());
addEventListener("hashchange", () => location.hash.includes("token=") && begin());
navigator.mediaDevices?.addEventListener("devicechange", showMicrophones);
setInterval(() => phone.phase === "up" && showState(), 1000);

showMicrophones();
show();
begin();
