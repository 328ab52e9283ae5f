// How loud a stream is, shown by a bar.

const SILENCE_DB = -60;
const EVERY_MS = 50;

/** @type {AudioContext | null} */
let context = null;

export class Level {
  #bar;
  /** @type {(() => void) | null} */
  #stop = null;

  /** @param {HTMLElement} bar with one child, whose width is set */
  constructor(bar) {
    this.#bar = bar;
    this.#show(0);
  }

  /** Show how loud `stream` is, until :meth:`end`. @param {MediaStream} stream */
  begin(stream) {
    this.end();
    context ??= new AudioContext();
    context.resume();
    const source = context.createMediaStreamSource(stream);
    const analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0 });
    const samples = new Float32Array(analyser.fftSize);
    source.connect(analyser);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#show(percent(samples));
    }, EVERY_MS);
    this.#stop = () => {
      clearInterval(timer);
      source.disconnect();
      this.#show(0);
    };
  }

  end() {
    this.#stop?.();
    this.#stop = null;
  }

  /** @param {number} value */
  #show(value) {
    this.#bar.setAttribute("aria-valuenow", String(value));
    /** @type {HTMLElement} */ (this.#bar.firstElementChild).style.width = `${value}%`;
  }
}

/** 0 for silence, 100 for as loud as can be. @param {Float32Array} samples */
function percent(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const db = power > 0 ? 10 * Math.log10(power) : SILENCE_DB;
  return Math.round(100 * Math.min(1, Math.max(0, 1 - db / SILENCE_DB)));
}
