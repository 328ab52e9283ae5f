// Where a call is in the dialogs: its step, lit up in their picture, and what they know.

import { $, make } from "../shared/dom.js";
import { FlowPicture } from "./flow_picture.js";

export class Where {
  #picture = new FlowPicture($("flow"));
  #drawn = "";

  clear() {
    this.#picture.show(null);
    this.#drawn = "";
    $("variables").replaceChildren();
    $("variables-title").hidden = true;
    $("step").textContent = "This bot has not told where the call is in its dialogs.";
    this.cannot("");
  }

  /** @param {Document | null} picture of the dialogs' flow @param {import("./story.js").Story} story */
  draw(picture, story) {
    this.#picture.show(picture);
    this.show(story);
  }

  /** @param {string} why there is no picture of the flow; empty: there is nothing to say */
  cannot(why) {
    $("no-flow").textContent = why;
    $("no-flow").hidden = !why;
  }

  /** @param {import("./story.js").Story} story */
  show({ step, been, variables }) {
    this.#picture.light(step, been);
    if (step) $("step").textContent = `Step ${step}`;
    const drawn = JSON.stringify(variables);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const shown = Object.entries(variables);
    $("variables-title").hidden = !shown.length;
    $("variables").replaceChildren(...shown.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value ?? make("i", {}, "hidden"))]));
  }
}
