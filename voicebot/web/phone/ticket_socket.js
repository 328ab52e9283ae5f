// The phone's connection: a websocket for which this server wants a ticket, a new one each time. JsSIP makes it anew when
// it breaks, and asks no more of it than this (https://jssip.net/documentation/api/socket/).

import { NO_WEBSOCKET } from "./words.js";

export class TicketSocket {
  onconnect = () => {};
  /** @type {(error: boolean, code: number, reason: string) => void} */
  ondisconnect = () => {};
  /** @type {(data: any) => void} */
  ondata = () => {};
  /** Why there was no ticket, or no websocket for one. @type {Error | null} */
  refused = null;
  #ticket;
  #attempt = 0;
  /** @type {WebSocket | null} */
  #socket = null;

  /** @param {() => Promise<string>} ticket gets one */
  constructor(ticket) {
    const secure = location.protocol === "https:";
    this.#ticket = ticket;
    this.via_transport = secure ? "WSS" : "WS";
    this.sip_uri = `sip:${location.host};transport=ws`;
    const url = new URL("v1/phone/sip", document.baseURI);
    url.protocol = secure ? "wss:" : "ws:";
    this.url = url.href;
  }

  isConnected() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  isConnecting() {
    return this.#socket?.readyState === WebSocket.CONNECTING;
  }

  connect() {
    if (!this.isConnected() && !this.isConnecting()) this.#open(++this.#attempt);
  }

  /**
   * A ticket may have expired on its way, and browsers do not tell why a websocket was not opened: it is tried `again`.
   * @param {number} attempt
   */
  async #open(attempt, again = true) {
    let ticket = "";
    try {
      ticket = await this.#ticket();
    } catch (error) {
      if (attempt === this.#attempt) {
        this.refused = /** @type {Error} */ (error);
        this.ondisconnect(true, 0, this.refused.message);
      }
      return;
    }
    if (attempt !== this.#attempt) return;
    const socket = new WebSocket(`${this.url}?ticket=${encodeURIComponent(ticket)}`, "sip");
    socket.binaryType = "arraybuffer";
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.refused = null;
      this.onconnect();
    };
    socket.onclose = ({ wasClean, code, reason }) => {
      if (!opened && again) return void this.#open(attempt, false);
      if (!opened) this.refused = new Error(NO_WEBSOCKET);
      this.ondisconnect(!wasClean, code, reason);
    };
    socket.onmessage = ({ data }) => this.ondata(data);
    this.#socket = socket;
  }

  /** Give up the connection that there is: JsSIP makes another one. */
  renew() {
    if (!this.isConnected()) return;
    this.disconnect();
    this.ondisconnect(true, 0, "another network");
  }

  disconnect() {
    this.#attempt++;
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onclose = this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }

  /** @param {string} message */
  send(message) {
    if (!this.isConnected()) return false;
    this.#socket?.send(message);
    return true;
  }
}
