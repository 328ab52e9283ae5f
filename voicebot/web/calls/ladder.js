// The SIP messages of a call: one line for each, in the order in which they came, with the message inside.

import { make } from "../shared/dom.js";

/**
 * @param {{messages: {at_ms: number, sent: boolean, peer: string, transport: string, text: string}[], dropped: number}} signalling
 * @param {string} started
 * @returns {HTMLElement[]}
 */
export function ladder({ messages, dropped }, started) {
  const began = new Date(started).getTime();
  const rows = messages.map(({ at_ms, sent, peer, transport, text }) => {
    const time = new Date(began + at_ms).toISOString().slice(11, 23);
    const name = make("span", { class: `arrow ${sent ? "sent" : "came"}` }, make("b", {}, label(text)));
    const summary = make(
      "summary",
      {},
      make("span", { class: "time" }, time),
      make("span", { class: "peer" }, `${peer} ${transport}`),
      name,
      make("span", { class: "us" }, "here"),
    );
    const way = sent ? "sent to" : "came from";
    summary.setAttribute("aria-label", `${time}: ${label(text)} ${way} ${peer}`);
    return make("li", {}, make("details", {}, summary, make("pre", {}, text)));
  });
  if (dropped) rows.push(make("li", { class: "muted" }, `${dropped} messages between the first and the latest were not kept.`));
  return rows;
}

/** What a message is in short. @param {string} text */
function label(text) {
  const first = text.split("\n", 1)[0];
  const status = /^SIP\/2\.0 (\d{3} ?.*)/.exec(first)?.[1];
  const method = /^CSeq[ \t]*:[ \t]*\d+[ \t]+(\w+)/im.exec(text)?.[1];
  const name = status && method ? `${status} (${method})` : first.split(" ")[0];
  return /^m=audio /m.test(text) ? `${name} SDP` : name;
}
