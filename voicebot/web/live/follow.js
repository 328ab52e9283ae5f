// Follows one call from its beginning to its end, and shows its story.

import { Story } from "./story.js";

const FLOOR_MS = 250;
const AFTERWARDS_MS = 1500; // something may still be told of a call that has ended

/**
 * Returns what ends it. `id`: the call's, or its SIP Call-ID. `story`: what becomes of it, with `view`, which shows it.
 * @param {import("../shared/api.js").Api} api of "v1/live/"
 * @param {string} id
 * @param {Pick<import("./story_view.js").StoryView, "heardOf" | "show" | "showFloor">} view
 * @param {() => void} onOver
 * @param {Story} story
 */
export function follow(api, id, view, onOver = () => {}, story = new Story()) {
  const following = new AbortController();
  let scheduled = false;
  const stop = () => {
    clearInterval(timer);
    following.abort();
  };
  const timer = setInterval(() => !story.over && view.showFloor(story), FLOOR_MS);
  const take = (/** @type {any} */ line) => {
    view.heardOf(line);
    story.take(line);
    if (line.event === "leg_ended") {
      onOver();
      setTimeout(stop, AFTERWARDS_MS);
    }
    if (!scheduled) {
      requestAnimationFrame(() => {
        scheduled = false;
        view.show(story);
      });
    }
    scheduled = true;
  };
  api.follow(`calls/${encodeURIComponent(id)}/events`, "", take, () => {}, following.signal).catch(stop);
  return stop;
}
