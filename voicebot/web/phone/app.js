// The page: what is shown of the phone, and what is done with it.

import * as access from "../shared/access.js";
import { Refused } from "../shared/api.js";
import { $, clock, make } from "../shared/dom.js";
import { follow } from "../live/follow.js";
import { StoryView } from "../live/story_view.js";
import { Level } from "./level.js";
import { available, choose, close, microphones, open } from "./microphone.js";
import { Phone } from "./phone.js";
import { INSECURE, MICROPHONE_GONE, noConnection, whyNoMicrophone } from "./words.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const PHASES = { idle: "Ready", connecting: "Connecting", ringing: "Ringing", up: "Connected" };
const said = new Level($("said"));
const heard = new Level($("heard"));
const phone = new Phone(ticket, show, listen);
const view = new StoryView($("story"), $("floor"), "You");
/** @type {MediaStream | null} */
let stream = null;
/** The call whose story is shown, and what ends that. */
let followed = { id: "", stop: () => {} };
let asking = false;

// --- who is it ---

function begin() {
  access.show("phone");
  if (!available()) access.tell(INSECURE);
}

async function ticket() {
  try {
    return (await access.api("v1/").post("phone/tickets")).Ticket;
  } catch (error) {
    if (!(error instanceof Refused)) throw new Error(noConnection());
    if (error.status !== 401) throw new Error(`${error.message}.`);
    if (phone.phase !== "up") access.refused(error);
    throw new Error("Calls from this page need the console's token.");
  }
}

// --- the call ---

async function call() {
  if (phone.phase !== "idle" || asking) return;
  access.tell("");
  if (!available()) return access.tell(INSECURE);
  asking = true;
  show();
  try {
    stream = await open($("microphone").value);
  } catch (error) {
    access.tell(whyNoMicrophone(error));
  }
  if (stream) {
    showMicrophones(); // now they have names
    said.begin(stream);
    stream.getTracks().forEach((track) => track.addEventListener("ended", () => access.tell(MICROPHONE_GONE)));
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
  followed = { id: phone.callId, stop: follow(access.api("v1/live/"), phone.callId, view) };
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
  for (const [button, is] of [[$("mute"), phone.muted], [$("hold"), phone.held]]) {
    button.disabled = phone.phase !== "up";
    button.setAttribute("aria-pressed", String(is && !idle));
  }
  for (const button of $("keypad").children) button.disabled = phone.phase !== "up";
  $("caller").disabled = $("called").disabled = $("microphone").disabled = !idle;
  if (idle && phone.wrong) access.tell(phone.said);
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

// --- what the person does ---

$("keypad").append(
  ...KEYS.map((key) => {
    const button = make("button", { type: "button", value: key }, key);
    button.addEventListener("click", () => press(key));
    return button;
  }),
);
$("dial").addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  call();
});
$("hangup").addEventListener("click", () => phone.hangUp());
$("mute").addEventListener("click", () => phone.toggleMute());
$("hold").addEventListener("click", () => phone.toggleHold());
$("microphone").addEventListener("change", () => choose($("microphone").value));
addEventListener("keydown", ({ key, target, ctrlKey, altKey, metaKey }) => {
  const typed = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
  if (!typed && !ctrlKey && !altKey && !metaKey && KEYS.includes(key)) press(key);
});
addEventListener("pagehide", () => phone.hangUp());
for (const event of ["offline", "online"]) addEventListener(event, () => phone.networkChanged());
navigator.mediaDevices?.addEventListener("devicechange", showMicrophones);
setInterval(() => phone.phase === "up" && showState(), 1000);

showMicrophones();
show();
access.open(begin);
