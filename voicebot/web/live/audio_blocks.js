// The blocks in which a call's audio comes (voicebot/web/live_audio.py), and the samples in them.

const HEAD = 3;

export class Blocks {
  #rest = new Uint8Array(0);

  /** Those that are complete with `bytes`. @param {Uint8Array} bytes @returns {{kind: number, body: Uint8Array}[]} */
  take(bytes) {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    const found = [];
    let at = 0;
    while (all.length - at >= HEAD) {
      const end = at + HEAD + all[at + 1] * 256 + all[at + 2];
      if (end > all.length) break;
      found.push({ kind: all[at], body: all.subarray(at + HEAD, end) });
      at = end;
    }
    this.#rest = all.slice(at);
    return found;
  }
}

/** What makes samples of -1 to 1 of a body. @param {string} format PCMU, PCMA or L16 @returns {(body: Uint8Array) => Float32Array<ArrayBuffer>} */
export function decoder(format) {
  if (format === "L16") return linear;
  const one = format === "PCMA" ? aLaw : muLaw;
  const table = Float32Array.from({ length: 256 }, (_, code) => one(code) / 32768);
  return (body) => Float32Array.from(body, (code) => table[code]);
}

/** @param {Uint8Array} body */
function linear(body) {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return Float32Array.from({ length: body.length >> 1 }, (_, n) => view.getInt16(2 * n, true) / 32768);
}

/** ITU-T G.711. @param {number} code */
function muLaw(code) {
  const bits = ~code & 0xff;
  const size = (((bits & 0x0f) << 3) + 0x84) << ((bits & 0x70) >> 4);
  return bits & 0x80 ? 0x84 - size : size - 0x84;
}

/** ITU-T G.711. @param {number} code */
function aLaw(code) {
  const bits = code ^ 0x55;
  const exponent = (bits & 0x70) >> 4;
  const size = exponent ? (((bits & 0x0f) << 4) + 0x108) << (exponent - 1) : ((bits & 0x0f) << 4) + 8;
  return bits & 0x80 ? size : -size;
}
