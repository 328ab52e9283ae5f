// Where a call has been in our own dialogs: the steps that ran, in the picture of their flow, and the one of the moment that is
// being played. Bots of others tell no steps, and then there is nothing of this.

import * as access from "../shared/access.js";
import { Refused } from "../shared/api.js";
import { $ } from "../shared/dom.js";
import { FlowPicture } from "../live/flow_picture.js";

const NOT_KNOWN =
  "The record does not say which version of the dialogs the call had, so there is no picture of them (bot.reload is off, or " +
  "the record is older than this page).";

export class Been {
  #picture = new FlowPicture($("flow"));
  /** @type {{at_ms: number, step: string, path: string[], dialogs?: string}[]} */
  #steps = [];

  /** @param {any} record */
  async show(record) {
    const steps = (record.timeline ?? []).filter((/** @type {any} */ line) => line.event === "step_reached");
    this.#steps = steps;
    this.#picture.show(null);
    $("where").hidden = !steps.length;
    if (!steps.length) return;
    const version = steps.find((/** @type {any} */ line) => line.dialogs)?.dialogs;
    tell(version ? "" : NOT_KNOWN);
    if (!version) return;
    try {
      const picture = await access.api("v1/").picture(`dialogs/${encodeURIComponent(version)}/flow.svg`);
      if (steps !== this.#steps) return;
      this.#picture.show(picture);
      this.#light(steps.length - 1);
    } catch (error) {
      if (steps !== this.#steps) return;
      if (error instanceof Refused && error.status === 404) tell(`${error.message}.`);
      else access.refused(error);
    }
  }

  /** @param {number} at in milliseconds since the call began */
  playing(at) {
    this.#light(this.#steps.findLastIndex(({ at_ms }) => at_ms <= at));
  }

  /** @param {number} last the step of this number, counted from 0; -1: none yet */
  #light(last) {
    this.#picture.light(this.#steps[last]?.step ?? "", this.#steps.flatMap(({ step, path }) => [...path, step]));
  }
}

/** @param {string} why there is no picture */
function tell(why) {
  $("no-flow").textContent = why;
  $("no-flow").hidden = !why;
}
