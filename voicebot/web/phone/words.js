// What is said when something does not work: what it is, and what to do.

const NO_SERVICE = "The bot cannot be reached. Does the service still run, and is there a network?";
const NO_NETWORK = "This computer has no network. Connect it, and call again.";
export const NO_WEBSOCKET =
  "The bot takes no connection from this page now: too many phones are connected, or a proxy in between passes no " +
  "websockets on. Call again in a moment.";
export const CONNECTION_LOST = "The connection to the bot has broken off. The call goes on, and the page connects again.";
export const CALL_GONE = "The connection to the bot had broken off, and the call is over.";
export const NO_AUDIO =
  "No audio comes through. Does the network let UDP through between this browser and the bot (sip.media_host)?";
export const NO_AUDIO_NOW = "No audio comes through at the moment. The page looks for another way.";

/** @type {Record<number, string>} */
const STATUSES = {
  403: "The bot does not take calls from this page.",
  404: "Nobody has the number that you dialled.",
  408: "Nobody answers.",
  480: "The bot takes no calls now.",
  486: "The line is busy.",
  488: "The bot and this browser have no audio format in common (sip.codecs).",
  503: "All lines are taken. Call again in a moment.",
};

/** @type {Record<string, string>} By the name of the error, as browsers have it. */
const MICROPHONE = {
  NotAllowedError:
    "The browser does not let this page use the microphone. Allow it by the symbol beside the page's address, and call again.",
  NotFoundError: "There is no microphone. Connect one, and call again.",
  NotReadableError: "The microphone cannot be used: another program may have it. Close that, and call again.",
  OverconstrainedError: "The microphone that you chose is gone. Choose another one.",
};

export const MICROPHONE_GONE = "The microphone is gone, and the bot hears nothing. Hang up, choose another one, and call again.";

export const INSECURE =
  "Browsers give a page the microphone only if it comes by HTTPS, or from this machine. Open it as http://127.0.0.1, " +
  "or give the service a certificate (console.certificate).";

/** Why the service is not reached. */
export function noConnection() {
  return navigator.onLine ? NO_SERVICE : NO_NETWORK;
}

/** @param {unknown} error of `getUserMedia` */
export function whyNoMicrophone(error) {
  const { name, message } = /** @type {DOMException} */ (error);
  return MICROPHONE[name] ?? `The microphone cannot be used: ${message || name}.`;
}

/** @param {{originator: string, message?: {status_code?: number, reason_phrase?: string}, cause: string}} event */
export function whyFailed({ originator, message, cause }) {
  if (originator === "local") return cause === "Canceled" ? "You have hung up." : `The call did not work: ${cause}.`;
  const status = message?.status_code;
  if (status) return STATUSES[status] ?? `The call was refused: ${status} ${message?.reason_phrase ?? ""}.`;
  return cause === "Connection Error" ? noConnection() : `The call did not work: ${cause}.`;
}

/** Whether JsSIP has ended a call because the other side, asked for something, does not know it any more. @param {string} cause */
export function isGone(cause) {
  return cause === "Dialog Error" || cause === "WebRTC Error";
}

/**
 * @param {string} originator
 * @param {string} cause
 */
export function whyEnded(originator, cause) {
  if (isGone(cause)) return CALL_GONE;
  if (cause === "Connection Error" || cause === "Request Timeout") return noConnection();
  return originator === "local" ? "You have hung up." : "The bot has hung up.";
}
