// What helps the agent: suggestions, checklist, knowledge, summary.

import { $, make } from "../shared/dom.js";

/** @type {Record<string, string>} */
const DONE_BY = { "": "", agent: "ticked by the agent" };

/** @typedef {import("./call.js").Call} Call */
/** @typedef {import("./call.js").Event} Event */

/** @param {Call} call */
export function showSuggestions(call) {
  const newestFirst = [...call.suggestions.values()].sort((one, other) => other.EventNumber - one.EventNumber);
  const box = $("suggestions");
  const shown = newestFirst.length ? newestFirst.map(article) : [make("p", { class: "muted" }, "None yet.")];
  const same = box.childElementCount === shown.length && shown.every((each, n) => each.isEqualNode(box.children[n]));
  if (!same) box.replaceChildren(...shown);
}

/** A suggestion, or an article that was found, with its source. @param {Event} suggestion */
function article(suggestion) {
  return make(
    "article",
    {},
    make("h3", {}, suggestion.Title),
    make("p", { class: "body" }, suggestion.Content),
    make("p", { class: "source" }, `Source: ${suggestion.Source}`),
  );
}

/**
 * What is done stays done.
 * @param {Call} call
 * @param {(id: string) => void} onTick is called with the id of an item that the agent ticks
 */
export function showChecklist(call, onTick) {
  const list = $("checklist");
  $("checks").hidden = !call.checklist.size;
  const inOrder = [...call.checklist.values()].sort((one, other) => one.FirstEventNumber - other.FirstEventNumber);
  for (const item of inOrder) {
    const there = [...list.querySelectorAll("input")].find((input) => input.value === item.ItemId);
    const box = there ?? make("input", { type: "checkbox", value: item.ItemId });
    if (!there) {
      box.addEventListener("click", (/** @type {MouseEvent} */ event) => {
        if (box.ariaDisabled) event.preventDefault();
        else onTick(item.ItemId);
      });
      list.append(make("li", {}, make("label", {}, box, make("span", {}, item.Content, " ", make("small")))));
    }
    if (item.DoneBy) {
      box.checked = true;
      box.ariaDisabled = "true";
    }
    const by = DONE_BY[item.DoneBy] ?? "heard in the call";
    box.parentElement.querySelector("small").textContent = by;
  }
}

/** Another call, or an item that could not be ticked. */
export function clearChecklist() {
  $("checklist").replaceChildren();
}

/** @param {Event[]} articles */
export function showFound(articles) {
  const shown = articles.length ? articles.map(article) : [make("p", { class: "muted" }, "Nothing was found.")];
  $("found").replaceChildren(...shown);
}

/** @param {Call} call */
export function showSummary(call) {
  $("copy").hidden = !call.summary;
  const parts = call.summary
    ? [make("p", {}, call.summary.Reason), ...points("Promised", call.summary.Promised), ...points("Open", call.summary.OpenPoints)]
    : [make("p", { class: "muted" }, "It comes at the end of the call.")];
  $("summary").replaceChildren(...parts);
}

/** @param {string} title @param {string[]} texts */
function points(title, texts) {
  return texts.length ? [make("h3", {}, title), make("ul", {}, ...texts.map((text) => make("li", {}, text)))] : [];
}

/** The summary as plain text, for another program. @param {Event} summary */
function asText({ Reason, Promised, OpenPoints }) {
  const list = (/** @type {string} */ title, /** @type {string[]} */ texts) => (texts.length ? [`${title}:`, ...texts.map((text) => `- ${text}`)] : []);
  return [Reason, ...list("Promised", Promised), ...list("Open", OpenPoints)].join("\n");
}

/** Puts the summary into the clipboard. Returns whether that went well: without TLS only a selection may be copied.
    @param {Call} call */
export async function copySummary(call) {
  try {
    await navigator.clipboard.writeText(asText(call.summary));
    return true;
  } catch {
    getSelection()?.selectAllChildren($("summary"));
    return document.execCommand("copy");
  }
}
