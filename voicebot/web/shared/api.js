// The API of this server, with the token of this page: in a header, never in an address.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const SILENT_MS = 40_000; // the server says something every 15 s
const AGAIN_MS = [1000, 2000, 4000, 8000];

export class Api {
  #token;
  #root;

  /** `token`: empty, if this server wants none. `root`: of all paths, "v1/assist/". */
  constructor(token, root) {
    this.#token = token;
    this.#root = root;
  }

  get(path) {
    return this.#json("GET", path);
  }

  /** `body`: undefined, or what becomes JSON. */
  post(path, body) {
    return this.#json("POST", path, body);
  }

  /** The answer's body as it comes. Throws Refused. */
  async stream(path, signal) {
    return (await this.#fetch("GET", path, {}, signal)).body;
  }

  /** What is no JSON, or is to be kept as it came. */
  async blob(path) {
    return (await this.#fetch("GET", path, {})).blob();
  }

  /** An SVG picture; null: there is none. Nothing in it runs or is shown, until its shapes are taken over. Throws Refused. */
  picture(path) {
    const request = new XMLHttpRequest(); // it makes a document of what comes; no text becomes markup in this page
    request.open("GET", this.#root + path);
    request.responseType = "document";
    if (this.#token) request.setRequestHeader("Authorization", `Bearer ${this.#token}`);
    return new Promise((resolve, reject) => {
      const refuse = () => reject(new Refused(request.status, `the server answers ${request.status}`));
      request.onload = () => (request.status === 204 ? resolve(null) : request.status < 300 ? resolve(request.responseXML) : refuse());
      request.onerror = refuse;
      request.send();
    });
  }

  /** Follow a stream of events for ever, wherever it breaks off. Returns when it is over; throws Refused. `onState` is
      told whether there is a connection. */
  async follow(path, last, onEvent, onState, signal) {
    let tries = 0;
    while (!signal.aborted) {
      try {
        const response = await this.#fetch("GET", path, last ? { "Last-Event-ID": last } : {}, signal);
        if (response.status === 204) return;
        tries = 0;
        onState(true);
        for await (const message of messages(response.body, signal)) {
          last = message.id || last;
          const event = JSON.parse(message.data);
          onEvent(event);
          if (event.EventType === "AccessEnded" && (event.Why === "expired" || !path.startsWith("agents/"))) return;
        }
      } catch (error) {
        if (signal.aborted || (error instanceof Refused && error.status < 500)) throw error;
        onState(false);
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)]));
    }
  }

  async #json(method, path, body) {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const response = await this.#fetch(method, path, headers, undefined, body && JSON.stringify(body));
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  }

  async #fetch(method, path, headers, signal, body) {
    const authorized = this.#token ? { Authorization: `Bearer ${this.#token}`, ...headers } : headers;
    const response = await fetch(this.#root + path, { method, headers: authorized, cache: "no-store", signal, body });
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({}));
    throw new Refused(response.status, answer.error?.message ?? `the server answers ${response.status}`);
  }
}

/** Server-sent events, as the HTML standard has them. Ends with the stream, and when that is silent for too long. */
async function* messages(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await withinTime(reader.read(), SILENT_MS);
      if (done || signal.aborted) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop();
      for (const part of parts) {
        const message = { id: "", data: "" };
        for (const line of part.split("\n")) {
          const colon = line.indexOf(": ");
          if (colon > 0) message[line.slice(0, colon)] = line.slice(colon + 2);
        }
        if (message.data) yield message;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function withinTime(promise, millis) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("silent for too long")), millis);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
