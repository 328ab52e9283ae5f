// The API of this server, with the token of this page: in a header, never in an address.

export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} token that was shown, or empty
   */
  constructor(status, message, token) {
    super(message);
    this.status = status;
    this.token = token;
  }
}

const SILENT_MS = 40_000; // the server says something every 15 s
const AGAIN_MS = [1000, 2000, 4000, 8000];

export class Api {
  #token;
  #root;

  /**
   * `token`: empty, if this server wants none. `root`: of all paths, "v1/assist/".
   * @param {string} token
   * @param {string} root
   */
  constructor(token, root) {
    this.#token = token;
    this.#root = root;
  }

  /** @param {string} path */
  get(path) {
    return this.#json("GET", path);
  }

  /**
   * `body`: undefined, or what becomes JSON.
   * @param {string} path
   * @param {unknown} [body]
   */
  post(path, body) {
    return this.#json("POST", path, body);
  }

  /**
   * The answer's body as it comes. Throws Refused.
   * @param {string} path
   * @param {AbortSignal} signal
   */
  async stream(path, signal) {
    return bodyOf(await this.#fetch("GET", path, {}, signal));
  }

  /** What is no JSON, or is to be kept as it came. @param {string} path */
  async blob(path) {
    return (await this.#fetch("GET", path, {})).blob();
  }

  /** An SVG picture; null: there is none. Nothing in it runs or is shown, until its shapes are taken over. Throws Refused,
      with the words of the server. @param {string} path @returns {Promise<Document | null>} */
  picture(path) {
    const request = new XMLHttpRequest(); // it makes a document of what comes; no text becomes markup in this page
    request.open("GET", this.#root + path);
    request.responseType = "document";
    if (this.#token) request.setRequestHeader("Authorization", `Bearer ${this.#token}`);
    return new Promise((resolve, reject) => {
      const refuse = () => this.#json("GET", path).then(() => resolve(null), reject); // no document: once more, for its words
      request.onload = () => (request.status === 204 ? resolve(null) : request.status < 300 ? resolve(request.responseXML) : refuse());
      request.onerror = refuse;
      request.send();
    });
  }

  /**
   * Follow a stream of events for ever, wherever it breaks off. Returns when it is over; throws Refused. `onState` is
   * told whether there is a connection.
   * @param {string} path
   * @param {string} last the position of the last event that is known, or empty
   * @param {(event: any) => void} onEvent
   * @param {(connected: boolean) => void} onState
   * @param {AbortSignal} signal
   */
  async follow(path, last, onEvent, onState, signal) {
    let tries = 0;
    while (!signal.aborted) {
      try {
        const response = await this.#fetch("GET", path, last ? { "Last-Event-ID": last } : {}, signal);
        if (response.status === 204) return;
        tries = 0;
        onState(true);
        for await (const message of messages(bodyOf(response), signal)) {
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

  /**
   * @param {string} method
   * @param {string} path
   * @param {unknown} [body]
   */
  async #json(method, path, body) {
    /** @type {Record<string, string>} */
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const response = await this.#fetch(method, path, headers, undefined, body === undefined ? body : JSON.stringify(body));
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Record<string, string>} headers
   * @param {AbortSignal} [signal]
   * @param {string} [body]
   */
  async #fetch(method, path, headers, signal, body) {
    const authorized = this.#token ? { Authorization: `Bearer ${this.#token}`, ...headers } : headers;
    const response = await fetch(this.#root + path, { method, headers: authorized, cache: "no-store", signal, body });
    if (response.ok) return response;
    const answer = await response.json().catch(() => ({}));
    throw new Refused(response.status, answer.error?.message ?? `the server answers ${response.status}`, this.#token);
  }
}

/** @param {Response} response */
function bodyOf(response) {
  return response.body ?? new ReadableStream();
}

/**
 * Server-sent events, as the HTML standard has them. Ends with the stream, and when that is silent for too long.
 * @param {ReadableStream<Uint8Array<ArrayBuffer>>} body
 * @param {AbortSignal} signal
 */
async function* messages(body, signal) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await withinTime(reader.read(), SILENT_MS);
      if (done || signal.aborted) return;
      const parts = (text + value).split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        /** @type {Record<string, string>} */
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

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} millis
 * @returns {Promise<T>}
 */
function withinTime(promise, millis) {
  /** @type {number | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("silent for too long")), millis);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
