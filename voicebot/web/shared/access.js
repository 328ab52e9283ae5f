// Who this page is for: by the token in its address behind the #, which is sent to nobody, or by the one that is asked
// for. It is taken out of the address, so that nobody copies it with that, and stays in this tab; what else is behind the #
// is the page's own. A page has a <main> for each of its parts, another one with the id "access", and the element "notice".

import { Api, Refused } from "./api.js";
import { $ } from "./dom.js";

const KEY = "console-token";
const ROLES = ["viewer", "agent", "operator", "admin"];

/** An API under `root`, with the token of this page. @param {string} root */
export function api(root) {
  return new Api(shown(), root);
}

/** The token of this page, or empty. */
function shown() {
  return sessionStorage.getItem(KEY) ?? "";
}

/**
 * Call `begin` with what is behind the #, now and whenever that is something else or there is another token. Returns what
 * does it once more.
 * @param {(given: URLSearchParams) => void} begin
 */
export function open(begin) {
  const enter = () => {
    const given = new URLSearchParams(location.hash.slice(1));
    if (given.has("token")) {
      sessionStorage.setItem(KEY, given.get("token") ?? "");
      given.delete("token");
      history.replaceState(null, "", location.pathname + location.search + (given.size ? `#${given}` : ""));
    }
    tell("");
    begin(given);
  };
  $("enter").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    sessionStorage.setItem(KEY, $("token").value.trim());
    $("token").value = "";
    enter();
  });
  addEventListener("hashchange", enter);
  enter();
  return enter;
}

/** What this page's token may do: `may("operator")`. Throws Refused. @returns {Promise<(role: string) => boolean>} */
export async function asked() {
  const { role } = await api("v1/").get("me");
  return (least) => ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** The server has said no, or nothing: the token is asked for, or it is told. @param {unknown} error */
export function refused(error) {
  const known = error instanceof Refused;
  if (known && error.status === 401) {
    if (error.token !== shown()) return; // another one has been given meanwhile
    sessionStorage.removeItem(KEY);
    show("access");
  }
  if (!known) console.warn(error);
  tell(known ? `${error.message}.` : "The server does not answer.");
}

/** @param {string} message empty: there is nothing to say */
export function tell(message) {
  $("notice").hidden = !message;
  $("notice").textContent = message;
}

/** Show this part of the page, and no other. @param {string} part */
export function show(part) {
  for (const main of document.querySelectorAll("main")) main.hidden = main.id !== part;
}
