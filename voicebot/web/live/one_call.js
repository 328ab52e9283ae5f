// One call, opened: what happens in it, and what may be done to it.

import * as access from "../shared/access.js";
import { Refused } from "../shared/api.js";
import { $ } from "../shared/dom.js";
import { follow } from "./follow.js";
import { ListeningIn } from "./listening_in.js";
import { Story } from "./story.js";
import { StoryView } from "./story_view.js";
import { Where } from "./where.js";

export class OneCall {
  /** Of the call that is open; empty: none is. */
  id = "";
  #view = new StoryView($("story"), $("floor"));
  #where = new Where();
  #seesPicture = false;
  #listening = new ListeningIn((/** @type {string} */ state) => this.#listens(state));
  /** @type {(() => void) | null} */
  #stop = null;
  #onClose;

  /** @param {() => void} onClose */
  constructor(onClose) {
    this.#onClose = onClose;
    $("hangup").addEventListener("click", () => this.#ask("hangup"));
    $("transfer").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#ask("transfer", { to: $("target").value.trim() });
    });
    $("listen").addEventListener("click", () => this.#toggle());
    $("close").addEventListener("click", () => this.close());
  }

  /** What is offered is what this page's token may do. @param {(role: string) => boolean} may */
  may(may) {
    $("controls").hidden = !may("operator");
    this.#seesPicture = may("agent");
  }

  /** @param {any} call its row */
  open(call) {
    this.#end();
    this.id = call.id;
    $("one-title").textContent = call.from === undefined ? "A call" : `${call.from || "unknown"} to ${call.to}`;
    $("one").hidden = false;
    this.#enable(true);
    const [view, where, story] = [this.#view, this.#where, new Story()];
    const both = {
      heardOf: (/** @type {any} */ line) => view.heardOf(line),
      showFloor: (/** @type {Story} */ told) => view.showFloor(told),
      show: (/** @type {Story} */ told) => {
        view.show(told);
        where.show(told);
      },
    };
    this.#stop = follow(access.api("v1/live/"), call.id, both, () => this.#over(), story);
    if (this.#seesPicture) this.#draw(story);
  }

  /** @param {Story} story */
  async #draw(story) {
    const id = this.id;
    try {
      const picture = await access.api("v1/live/").picture(`${this.#path}/flow.svg`);
      if (this.id === id) this.#where.draw(picture, story);
    } catch (error) {
      if (this.id !== id) return;
      if (error instanceof Refused && error.status === 404) this.#where.cannot(`${error.message}.`);
      else access.refused(error);
    }
  }

  close() {
    this.#end();
    this.id = "";
    $("one").hidden = true;
    this.#onClose();
  }

  #end() {
    this.#stop?.();
    this.#listening.stop();
    this.#view.clear();
    this.#where.clear();
  }

  #over() {
    this.#enable(false);
    this.#listening.stop();
  }

  /** @param {boolean} is */
  #enable(is) {
    for (const control of $("controls").querySelectorAll("button, input")) control.disabled = !is;
  }

  /** @param {string} what @param {object} [body] */
  async #ask(what, body) {
    try {
      await access.api("v1/live/").post(`${this.#path}/${what}`, body);
      access.tell("");
    } catch (error) {
      access.refused(error);
    }
  }

  async #toggle() {
    if (this.#listening.on) return this.#listening.stop();
    try {
      await this.#listening.start(access.api("v1/live/"), `${this.#path}/audio`);
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError") access.refused(error);
    }
  }

  /** @param {string} state */
  #listens(state) {
    $("listen").setAttribute("aria-pressed", String(this.#listening.on));
    $("heard").textContent = state;
  }

  get #path() {
    return `calls/${encodeURIComponent(this.id)}`;
  }
}
