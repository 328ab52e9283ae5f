// The page of calls that were: a search, what it finds, and one call opened. Where one is stands behind the # of the
// address, which browsers send to nobody: what is asked for, and the call.

import { Api, Refused } from "../shared/api.js";
import { $ } from "../shared/dom.js";
import { CallView } from "./call.js";
import { Search } from "./search.js";

const ROOT = "v1/records";
let api = new Api("", ROOT);
const search = new Search(() => api, (asked) => go(asked), refused);
const call = new CallView(() => api, ROOT, mayListen, refused);
const LISTENERS = ["operator", "admin"];

/** The token is taken out of the address, so that nobody copies it from there, and kept for this tab. */
function begin() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.has("token")) {
    sessionStorage.setItem("console-token", given.get("token") ?? "");
    given.delete("token");
    history.replaceState(null, "", `${location.pathname}${location.search}#${given}`);
  }
  api = new Api(sessionStorage.getItem("console-token") ?? "", ROOT);
  tell("");
  const id = given.get("call");
  $("count").textContent = "";
  if (id) {
    openPart("call");
    call.open(id);
  } else {
    call.close();
    openPart("list");
    search.show(given);
  }
  const back = new URLSearchParams(given);
  back.delete("call");
  $("back").setAttribute("href", `#${back}`);
}

async function mayListen() {
  const me = await new Api(sessionStorage.getItem("console-token") ?? "", "v1/").get("me");
  return LISTENERS.includes(me.role);
}

/** @param {URLSearchParams} asked */
function go(asked) {
  if (`#${asked}` === location.hash || (!location.hash && !`${asked}`)) begin();
  else location.hash = `${asked}`;
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
  if (!known) console.warn(error);
  tell(known ? `${error.message}.` : "The server does not answer.");
}

$("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("console-token", $("token").value.trim());
  $("token").value = "";
  begin();
});
addEventListener("hashchange", begin);

begin();
