/**
 * The size of picture to send at a rate, where the server enhances what it gets. Pure.
 *
 * The same policy as `media/send_size.py`; the server gives the table.
 *
 * @typedef {object} SendSize one size and the rates at which it looks best
 * @property {number} fraction width sent over the full picture's
 * @property {number} min_bpp bits for each pixel of the full picture and frame from which on it beats the smaller ones
 */

/** By so much a rate must be beyond a limit before the size changes: estimates of a line waver by about a tenth. */
export const HYSTERESIS = 0.15;
/** Each change costs a key frame, and a line that has just recovered may not last. */
export const DWELL_UP_MS = 10_000;
export const DWELL_DOWN_MS = 3000;

/** A sender that uses less of what it may send than this is held back by the picture, not by the line. */
const USED = 0.8;

/**
 * What the line lets a sender use. An estimate grows only as more is sent: taken at its word while the picture needs
 * little, it would keep the picture small for ever on the best of lines. The encoder's target counts where the browser
 * tells it: congestion control leaves a part of a slow line to sound, retransmissions and probing, so that what is sent
 * stays far below the estimate though the line is full.
 *
 * @param {number | null} estimatedKbps by the browser; null while unknown
 * @param {number | null} sentKbps
 * @param {number} mostKbps what the broadcaster allows
 * @param {number | null} targetKbps what the encoder was told to send; null while unknown
 * @returns {number}
 */
export function lineKbps(estimatedKbps, sentKbps, mostKbps, targetKbps = null) {
  const limit = targetKbps ?? estimatedKbps;
  if (limit === null || sentKbps === null || sentKbps < USED * limit) return mostKbps;
  return Math.min(limit, mostKbps);
}

export class SizeChooser {
  /**
   * @param {SendSize[]} sizes smallest first
   * @param {number} pixelsPerSecond of the full picture
   */
  constructor(sizes, pixelsPerSecond) {
    this._sizes = sizes;
    this._pixelsPerSecond = pixelsPerSecond;
    this._index = -1;
    this._changedAt = 0;
  }

  /**
   * @param {number} kbps what the line takes
   * @param {number} nowMs
   * @returns {number} the fraction of width and height to send
   */
  choose(kbps, nowMs) {
    const bpp = (kbps * 1000) / this._pixelsPerSecond;
    const wanted = this._best(bpp);
    if (this._index < 0) {
      this._index = wanted;
      this._changedAt = nowMs;
    } else if (wanted > this._index) {
      this._go(Math.max(this._index, this._best(bpp / (1 + HYSTERESIS))), DWELL_UP_MS, nowMs);
    } else if (wanted < this._index) {
      this._go(Math.min(this._index, this._best(bpp * (1 + HYSTERESIS))), DWELL_DOWN_MS, nowMs);
    }
    return this._sizes[this._index].fraction;
  }

  /**
   * @param {number} bpp
   * @returns {number} index of the largest size that the rate is enough for
   */
  _best(bpp) {
    // Limits grow with the sizes, so the number of those that are reached tells the last one.
    return Math.max(0, this._sizes.filter((size) => bpp >= size.min_bpp).length - 1);
  }

  /**
   * @param {number} index
   * @param {number} dwellMs
   * @param {number} nowMs
   */
  _go(index, dwellMs, nowMs) {
    if (index === this._index || nowMs - this._changedAt < dwellMs) return;
    this._index = index;
    this._changedAt = nowMs;
  }
}
