// What is said when something does not work: what it is, and what to do.

export const NO_CONNECTION = "The bot cannot be reached. Does the service still run, and is there a network?";
export const NO_AUDIO =
  "No audio comes through. Does the network let UDP through between this browser and the bot (sip.media_host)?";

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

export const INSECURE =
  "Browsers give a page the microphone only if it comes by HTTPS, or from this machine. Open it as http://127.0.0.1, " +
  "or give the service a certificate (console.certificate).";

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
  return cause === "Connection Error" ? NO_CONNECTION : `The call did not work: ${cause}.`;
}

/**
 * @param {string} originator
 * @param {string} cause
 */
export function whyEnded(originator, cause) {
  if (cause === "Connection Error" || cause === "Request Timeout") return NO_CONNECTION;
  return originator === "local" ? "You have hung up." : "The bot has hung up.";
}
