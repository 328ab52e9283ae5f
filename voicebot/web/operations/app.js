// The page of operations: asks how the service is, every few seconds.

import * as access from "../shared/access.js";
import { $, make } from "../shared/dom.js";

const EVERY_MS = 5000;
const api = () => access.api("v1/");
/** @type {number | undefined} */
let timer;
let drains = false;

async function begin() {
  access.show("operations");
  clearTimeout(timer);
  try {
    const may = access.asked().then((may) => offer(may("admin")));
    await Promise.all([may, look()]);
  } catch (error) {
    access.refused(error);
  }
}

/** @param {boolean} may */
function offer(may) {
  for (const part of /** @type {Iterable<any>} */ (document.querySelectorAll(".admin"))) part.hidden = !may;
}

async function look() {
  try {
    show(await api().get("operations"));
    $("state").textContent = "Live";
    access.tell("");
  } catch (error) {
    $("state").textContent = "";
    if (drains) return access.tell("The service has ended.");
    access.refused(error);
    if (/** @type {any} */ (error).status === 401) return;
  }
  timer = setTimeout(look, EVERY_MS);
}

/** @param {{well: boolean, panels: any[], troubles: any[], actions: any[]}} told */
function show({ well, panels, troubles, actions }) {
  $("summary").textContent = well ? "All is well." : "Look at what is marked.";
  document.title = `Operations: ${well ? "well" : "look here"}`;
  draw($("panels"), panels, panel);
  draw($("troubles"), troubles, trouble);
  draw($("actions"), [...actions].reverse(), action);
  $("no-troubles").hidden = troubles.length > 0;
  $("no-actions").hidden = actions.length > 0;
}

/** Only what has changed is drawn: somebody may be reading. @param {HTMLElement} place @param {any[]} all @param {(one: any) => Element} one */
function draw(place, all, one) {
  all.forEach((each, n) => {
    const drawn = JSON.stringify(each);
    const there = /** @type {HTMLElement | undefined} */ (place.children[n]);
    if (there?.dataset.drawn === drawn) return;
    const made = /** @type {HTMLElement} */ (one(each));
    made.dataset.drawn = drawn;
    if (there) there.replaceWith(made);
    else place.append(made);
  });
  while (place.children.length > all.length) place.lastChild?.remove();
}

/** @param {{title: string, facts: [string, string][], lines: string[], wrong: boolean}} panel */
function panel({ title, facts, lines, wrong }) {
  const heading = make("h2", {}, title, ...(wrong ? [make("span", { class: "mark" }, "needs attention")] : []));
  const list = make("dl", {}, ...facts.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]));
  const told = lines.length ? [make("pre", { tabindex: "0" }, lines.join("\n"))] : [];
  return make("section", { class: wrong ? "panel wrong" : "panel" }, heading, list, ...told);
}

/** @param {{time: string, count: number, level: string, logger: string, text: string}} trouble */
function trouble({ time, count, level, logger, text }) {
  const times = count > 1 ? `, ${count} times` : "";
  const head = make("p", { class: "muted" }, `${new Date(time).toLocaleString()}${times}, ${logger}`);
  return make("li", { class: level.toLowerCase() }, head, make("p", {}, make("strong", {}, level === "WARNING" ? "" : `${level}: `), text));
}

/** @param {{time: string, who: string, from: string, action: string, call: string, status: number | null}} line */
function action({ time, who, from, action, call, status }) {
  const cells = [new Date(time).toLocaleString(), who, from, action, call, status === null ? "begins" : String(status)];
  return make("tr", {}, ...cells.map((text) => make("td", {}, text ?? "")));
}

/** @param {{check: string, good: boolean, detail: string, mend: string, warning: boolean}} found */
function finding({ check, good, detail, mend, warning }) {
  const kind = good ? "good" : warning ? "warning" : "error";
  const told = make("p", {}, make("strong", {}, `${good ? "Good" : warning ? "Warning" : "Bad"}: ${check}: `), detail);
  return make("li", { class: kind }, told, ...(good || !mend ? [] : [make("p", {}, `What to do: ${mend}`)]));
}

async function examine() {
  $("doctor").disabled = true;
  $("diagnosis").textContent = "Looking ...";
  $("findings").replaceChildren();
  try {
    const { findings } = await api().post("operations/doctor");
    const bad = findings.filter((/** @type {any} */ { good }) => !good);
    $("diagnosis").textContent = bad.length ? `${bad.length} of ${findings.length} need attention.` : `All ${findings.length} are good.`;
    $("findings").replaceChildren(...[...bad, ...findings.filter((/** @type {any} */ { good }) => good)].map(finding));
  } catch (error) {
    $("diagnosis").textContent = "";
    access.refused(error);
  }
  $("doctor").disabled = false;
}

$("doctor").addEventListener("click", examine);
$("drain").addEventListener("click", () => $("sure").showModal());
// by the button itself: that a dialog was closed is told later, when it may have been opened and closed once more
$("sure").addEventListener("submit", async (/** @type {SubmitEvent} */ { submitter }) => {
  if (/** @type {HTMLButtonElement | null} */ (submitter)?.value !== "drain") return;
  try {
    await api().post("operations/drain");
    drains = true;
    $("drain").disabled = true;
    await begin();
  } catch (error) {
    access.refused(error);
  }
});

access.open(begin);
