/**
 * Pairs the frames of two renditions by RTP time stamp: the same picture has the same stamp in both.
 *
 * Pure: no clock, no document. Each side keeps at most `capacity` frames; the oldest is dropped for a new
 * one. A pair drops everything older on both sides, so pictures never go back. Whoever offers a frame gives
 * it away: it comes back in a pair, or goes to `discard` once.
 *
 * @template F
 */

/** A jump this long (ticks of 90 kHz) is a new time line, not a late frame. */
const NEW_TIMELINE_TICKS = 10 * 90000;

/**
 * Distance from b to a on the circle of 32-bit RTP time stamps (RFC 3550 section 5.1), in -2^31..2^31-1.
 *
 * @param {number} a
 * @param {number} b
 */
export function rtpDistance(a, b) {
  return (a - b) | 0;
}

/**
 * @typedef {'source' | 'enhanced'} Side
 */

/** @template F */
export class FrameMatcher {
  /**
   * @param {number} capacity frames kept per side
   * @param {(frame: F) => void} discard closes a frame that no pair will take
   */
  constructor(capacity, discard) {
    this._capacity = capacity;
    this._discard = discard;
    /** @type {Record<Side, {rtp: number, frame: F}[]>} */
    this._kept = { source: [], enhanced: [] };
    /** @type {number | null} */
    this._last = null;
    this.matched = 0;
    /** Frames dropped without a pair, by side. */
    this.dropped = { source: 0, enhanced: 0 };
  }

  /** Time stamp of the newest pair, null before the first. */
  get lastRtp() {
    return this._last;
  }

  /** @returns {number} frames held now, both sides */
  get held() {
    return this._kept.source.length + this._kept.enhanced.length;
  }

  /**
   * @param {Side} side
   * @param {number} rtp
   * @param {F} frame
   * @returns {{rtp: number, source: F, enhanced: F} | null} the caller owns the pair's frames
   */
  offer(side, rtp, frame) {
    // A frame that is not newer than the last pair could only make the picture go back, so it is closed at once.
    // This also catches the second frame of a pair that was shown already.
    if (this._last !== null && !this._isAhead(rtp)) {
      this._drop(side, frame);
      return null;
    }
    const other = side === 'source' ? 'enhanced' : 'source';
    // A linear search is enough: a side holds at most 16 frames.
    const match = this._kept[other].find((entry) => entry.rtp === rtp);
    if (match === undefined) {
      this._keep(side, rtp, frame);
      return null;
    }
    this._kept[other] = this._kept[other].filter((entry) => entry !== match);
    this._last = rtp;
    this.matched += 1;
    this._dropUpTo('source', rtp);
    this._dropUpTo('enhanced', rtp);
    return side === 'source'
      ? { rtp, source: frame, enhanced: match.frame }
      : { rtp, source: match.frame, enhanced: frame };
  }

  /** Drops what is held and forgets the time line; the counters stay. */
  reset() {
    for (const side of /** @type {Side[]} */ (['source', 'enhanced'])) {
      for (const entry of this._kept[side].splice(0)) this._drop(side, entry.frame);
    }
    this._last = null;
  }

  /** @param {number} rtp */
  _isAhead(rtp) {
    const ahead = rtpDistance(rtp, this._last ?? rtp);
    // A publisher that starts anew has other time stamps, up to half of the circle away in either direction.
    // Without the reset its frames would look late, and the split view would stand still for hours.
    if (Math.abs(ahead) < NEW_TIMELINE_TICKS) return ahead > 0;
    this.reset();
    return true;
  }

  /**
   * @param {Side} side
   * @param {number} rtp
   * @param {F} frame
   */
  _keep(side, rtp, frame) {
    const kept = this._kept[side];
    // The frame callback can report the same frame twice. A VideoFrame that is neither shown nor closed keeps one
    // of the decoder's few buffers, so the older twin is closed here.
    const twin = kept.findIndex((entry) => entry.rtp === rtp);
    if (twin >= 0) this._drop(side, kept.splice(twin, 1)[0].frame);
    kept.push({ rtp, frame });
    if (kept.length > this._capacity) {
      const oldest = kept.shift();
      if (oldest !== undefined) this._drop(side, oldest.frame);
    }
  }

  /**
   * @param {Side} side
   * @param {number} rtp
   */
  _dropUpTo(side, rtp) {
    // What is older than the pair on either side has no partner that may still be shown.
    const stay = this._kept[side].filter((entry) => rtpDistance(entry.rtp, rtp) > 0);
    for (const entry of this._kept[side]) {
      if (!stay.includes(entry)) this._drop(side, entry.frame);
    }
    this._kept[side] = stay;
  }

  /**
   * @param {Side} side
   * @param {F} frame
   */
  _drop(side, frame) {
    this.dropped[side] += 1;
    this._discard(frame);
  }
}
