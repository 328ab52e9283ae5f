// Listening in to a call: its audio as it comes, the caller on the left and the bot on the right. Nothing is sent.

import { Blocks, decoder } from "./audio_blocks.js";

const AHEAD_S = 0.25; // what has come is played so much later, so that it need not come evenly
const SIDES = [-0.6, 0.6];
const TOLD = 2;

export class ListeningIn {
  on = false;
  /** What is told of it. */
  #onState;
  /** @type {AbortController | null} */
  #asking = null;
  /** @type {AudioContext | null} */
  #context = null;

  /** @param {(state: string) => void} onState is told what one hears */
  constructor(onState) {
    this.#onState = onState;
  }

  /**
   * Returns at the end of the call, or of the listening.
   * @param {import("../shared/api.js").Api} api
   * @param {string} path
   */
  async start(api, path) {
    this.stop();
    const asking = new AbortController();
    this.#asking = asking;
    this.#tell(true, "Connecting.");
    try {
      await this.#play(await api.stream(path, asking.signal));
    } finally {
      if (this.#asking === asking) this.stop();
    }
  }

  stop() {
    this.#asking?.abort();
    this.#asking = null;
    this.#context?.close();
    this.#context = null;
    this.#tell(false, "");
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #play(body) {
    const context = new AudioContext();
    this.#context = context;
    const outputs = SIDES.map((pan) => {
      const panner = new StereoPannerNode(context, { pan });
      panner.connect(context.destination);
      return { panner, until: 0 };
    });
    let format = { rate: 8000, decode: decoder("PCMU") };
    const blocks = new Blocks();
    const reader = body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      for (const { kind, body } of blocks.take(value)) {
        if (kind !== TOLD) {
          this.#schedule(context, outputs[kind], format.decode(body), format.rate);
          this.#tell(true, "You hear the call. Nobody hears you.");
        } else if (body.length) {
          const told = JSON.parse(new TextDecoder().decode(body));
          format = { rate: told.rate, decode: decoder(told.format) };
        } else {
          this.#tell(true, "Nothing to hear: the recording is paused, or the call is held.");
        }
      }
    }
  }

  /** @param {AudioContext} context @param {{panner: AudioNode, until: number}} output @param {Float32Array<ArrayBuffer>} samples @param {number} rate */
  #schedule(context, output, samples, rate) {
    if (!samples.length) return;
    const buffer = context.createBuffer(1, samples.length, rate);
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(output.panner);
    const now = context.currentTime;
    if (output.until < now || output.until > now + 4 * AHEAD_S) output.until = now + AHEAD_S;
    source.start(output.until);
    output.until += buffer.duration;
  }

  /** @param {boolean} on @param {string} state */
  #tell(on, state) {
    this.on = on;
    this.#onState(state);
  }
}
