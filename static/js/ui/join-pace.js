/** Spreads the beginnings of many players: a grid that opens must not ask for sixteen sessions at once. Pure. */

/** Time between two joins: four in a second. */
const GAP_MS = 250;

export class JoinPace {
  /** @param {number} gapMs */
  constructor(gapMs = GAP_MS) {
    this._gapMs = gapMs;
    this._nextAt = -Infinity;
  }

  /**
   * Takes a place in the row.
   *
   * @param {number} now
   * @returns {number} milliseconds to wait
   */
  reserve(now) {
    const at = Math.max(now, this._nextAt);
    this._nextAt = at + this._gapMs;
    return at - now;
  }
}
