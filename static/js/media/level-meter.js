/**
 * How loud a microphone is, ten times a second.
 *
 * @typedef {object} Level
 * @property {number} bar 0 to 1, for a meter
 * @property {boolean} isSilent nothing was heard for a while: the microphone may be muted, or the wrong one
 */

const PERIOD_MS = 100;
/** The quiet end of the meter; a quiet room is at about -60 dB of full scale. */
const FLOOR_DB = -60;
/** Below it nothing but noise of the electronics is heard. */
const SILENCE_DB = -70;
const SILENCE_MS = 4000;

/**
 * @param {Float32Array} samples -1 to 1
 * @returns {number} mean loudness in dB of full scale
 */
export function loudness(samples) {
  const sum = samples.reduce((total, sample) => total + sample * sample, 0);
  return 10 * Math.log10(Math.max(sum / Math.max(1, samples.length), 1e-12));
}

/** @param {number} db */
export function barOf(db) {
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

export class LevelMeter {
  /** @param {(level: Level) => void} show */
  constructor(show) {
    this._show = show;
    /** @type {AudioContext | null} */
    this._context = null;
    this._timer = 0;
  }

  /** @param {MediaStream} media without sound there is nothing to measure */
  start(media) {
    this.stop();
    if (media.getAudioTracks().length === 0 || !('AudioContext' in globalThis)) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    context.createMediaStreamSource(media).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let heardAt = performance.now();
    this._context = context;
    this._timer = window.setInterval(() => {
      // Suspended until the browser has seen a click; then nothing is measured, and nothing is said.
      if (context.state !== 'running') {
        heardAt = performance.now();
        return;
      }
      analyser.getFloatTimeDomainData(samples);
      const db = loudness(samples);
      if (db > SILENCE_DB) heardAt = performance.now();
      this._show({ bar: barOf(db), isSilent: performance.now() - heardAt > SILENCE_MS });
    }, PERIOD_MS);
  }

  stop() {
    clearInterval(this._timer);
    this._context?.close().catch(() => undefined);
    this._context = null;
    this._show({ bar: 0, isSilent: false });
  }
}
