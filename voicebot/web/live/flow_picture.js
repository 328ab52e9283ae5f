// The flow of the dialogs as a picture, with the step lit up in which the caller is. Of the server's picture only shapes and
// texts are taken over, element by element: no link, no style and nothing that could run.

import { shape } from "../shared/dom.js";

const TAKEN = new Map(
  Object.entries({
    g: ["transform"],
    rect: ["x", "y", "width", "height", "rx", "fill", "class"],
    path: ["d", "fill", "transform", "class"],
    text: ["x", "y", "class"],
    title: [],
    a: [],
  }),
);

const MARGIN = 12;

export class FlowPicture {
  #box;
  /** @type {Map<string, Element>} by `dialog.step` */
  #steps = new Map();
  #here = "";

  /** @param {HTMLElement} box that can be scrolled */
  constructor(box) {
    this.#box = box;
  }

  /** @param {Document | null} picture */
  show(picture) {
    this.#steps.clear();
    this.#here = "";
    const drawn = picture?.documentElement;
    const flow = drawn && [...drawn.children].find((child) => child.localName === "g");
    this.#box.hidden = !flow;
    this.#box.replaceChildren();
    if (!drawn || !flow) return;
    const [, , width, height] = (drawn.getAttribute("viewBox") ?? "0 0 900 600").split(" ").map(Number);
    const top = Math.max(0, Number(/,(\d+)\)/.exec(flow.getAttribute("transform") ?? "")?.[1] ?? 0) - MARGIN); // the legend ends there
    const seen = { width: String(width), height: String(height - top), viewBox: `0 ${top} ${width} ${height - top}` };
    const svg = shape("svg", { ...seen, role: "img" });
    svg.setAttribute("aria-label", "The flow of the dialogs");
    svg.append(...this.#copied(flow));
    this.#box.append(svg);
  }

  /** @param {string} here the step in which the caller is @param {Iterable<string>} been those that were before */
  light(here, been) {
    for (const step of been) this.#steps.get(step)?.classList.add("been");
    if (here === this.#here) return;
    this.#steps.get(this.#here)?.classList.remove("here");
    this.#here = here;
    const element = this.#steps.get(here);
    element?.classList.add("here");
    if (element) this.#bring(element);
  }

  /** Into the middle of the box, and nothing else of the page moves. @param {Element} element */
  #bring(element) {
    const box = this.#box.getBoundingClientRect();
    const at = element.getBoundingClientRect();
    this.#box.scrollTop += at.top + at.height / 2 - box.top - box.height / 2;
    this.#box.scrollLeft += at.left + at.width / 2 - box.left - box.width / 2;
  }

  /** @param {Element} element @returns {Element[]} */
  #copied(element) {
    const attributes = TAKEN.get(element.localName);
    if (!attributes) return [];
    const copy = shape(element.localName === "a" ? "g" : element.localName, {});
    for (const name of attributes) {
      const value = element.getAttribute(name);
      if (value !== null) copy.setAttribute(name, value);
    }
    const id = element.localName === "g" ? element.getAttribute("id") : null;
    if (id !== null) this.#steps.set(id, copy);
    for (const child of element.childNodes) {
      if (child.nodeType === Node.ELEMENT_NODE) copy.append(...this.#copied(/** @type {Element} */ (child)));
      else if (child.nodeType === Node.TEXT_NODE) copy.append(child.textContent ?? "");
    }
    return [copy];
  }
}
