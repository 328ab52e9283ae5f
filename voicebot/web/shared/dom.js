// Elements from data. Texts become text nodes, never markup.

/** The element of this id, of whatever kind the page has it. @param {string} id @returns {any} */
export const $ = (id) => document.getElementById(id);

/**
 * An element with attributes (undefined: left out) and children (elements or texts).
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, string | undefined>} attributes
 * @param {(Node | string)[]} children
 */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

/**
 * An SVG element with attributes.
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
export function shape(name, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Offsets in milliseconds as m:ss or h:mm:ss, with a minus sign before the beginning of the call. @param {number} millis */
export function clock(millis) {
  const seconds = Math.floor(Math.abs(millis) / 1000);
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const time = (hours ? `${hours}:${two(minutes)}` : String(minutes)) + `:${two(seconds % 60)}`;
  return seconds && millis < 0 ? `\u2212${time}` : time;
}
