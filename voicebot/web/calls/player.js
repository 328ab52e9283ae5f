// The recording of a call, in the browser's own player.

const LOOK_MS = 100;

export class Player {
  #audio;
  #onTime;
  /** @type {number | undefined} */
  #timer;

  /** @param {HTMLAudioElement} audio @param {(seconds: number, playing: boolean) => void} onTime */
  constructor(audio, onTime) {
    this.#audio = audio;
    this.#onTime = onTime;
    const tell = () => onTime(audio.currentTime, !audio.paused);
    audio.addEventListener("play", () => {
      clearInterval(this.#timer);
      this.#timer = setInterval(tell, LOOK_MS);
    });
    for (const event of ["pause", "seeked", "ended"]) audio.addEventListener(event, tell);
    audio.addEventListener("pause", () => clearInterval(this.#timer));
  }

  /** @param {string} url */
  load(url) {
    this.#audio.src = url;
  }

  /** @param {number} seconds */
  playFrom(seconds) {
    this.#audio.currentTime = Math.max(0, seconds);
    this.#audio.play().catch(() => {}); // the browser says itself why not
  }

  stop() {
    clearInterval(this.#timer);
    this.#audio.pause();
    this.#audio.removeAttribute("src");
    this.#audio.load();
  }
}
