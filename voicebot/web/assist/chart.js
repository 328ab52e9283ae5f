// The trend of the sentiment: lines for the eye, words for everybody.

import { $, make, shape } from "../shared/dom.js";

const WIDTH = 300;
const HEIGHT = 80;
const PAD = 5;
const LATELY = 3; // utterances

/** @param {import("./call.js").Call} call */
export function showMoods(call) {
  const trends = call.trends();
  $("chart").toggleAttribute("hidden", !trends.length);
  if (!trends.length) {
    $("moods").replaceChildren(make("li", { class: "muted" }, "Nothing yet."));
    return;
  }
  const last = Math.max(1, ...trends.flatMap(({ points }) => points.map(({ at }) => at)));
  const x = (/** @type {number} */ at) => (PAD + (at / last) * (WIDTH - 2 * PAD)).toFixed(1);
  const y = (/** @type {number} */ trend) => (HEIGHT / 2 - trend * (HEIGHT / 2 - PAD)).toFixed(1);
  const zero = shape("line", { class: "zero", x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2 });
  const drawn = trends.map(({ id, points }) =>
    shape("polyline", {
      class: call.who(id).role.toLowerCase(),
      points: [`${x(0)},${y(0)}`, ...points.map(({ at, trend }) => `${x(at)},${y(trend)}`)].join(" "),
    }),
  );
  $("chart").replaceChildren(zero, ...drawn);
  $("moods").replaceChildren(...trends.map(({ id, points }) => inWords(call.who(id), points)));
}

/** @param {{role: string}} who @param {import("./call.js").Trend["points"]} points */
function inWords(who, points) {
  const trend = points.at(-1)?.trend ?? 0;
  const change = trend - (points.at(-1 - LATELY)?.trend ?? 0);
  const is = trend > 0.2 ? "positive" : trend < -0.2 ? "negative" : "neutral";
  const goes = change > 0.15 ? ", getting better" : change < -0.15 ? ", getting worse" : "";
  const key = make("span", { class: `key ${who.role.toLowerCase()}`, "aria-hidden": "true" });
  return make("li", {}, key, `${who.role}: ${is}${goes} (${signed(trend)})`);
}

const signed = (/** @type {number} */ number) => (number < 0 ? "\u2212" : "+") + Math.abs(number).toFixed(1);
