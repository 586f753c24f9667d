/**
 * Which streams a grid shows, and which of them large. Pure.
 *
 * @typedef {import('../types.js').Stream} Stream
 */

/** What a page of players carries on an ordinary computer. */
export const MAX_TILES = 16;

export class GridChoice {
  /** @param {string} large the stream that is wanted large; empty: the first */
  constructor(large = '') {
    /** @type {string[]} */
    this.shown = [];
    this._wanted = large;
  }

  /** The stream that is large; empty while there is none. */
  get large() {
    return this.shown.includes(this._wanted) ? this._wanted : (this.shown[0] ?? '');
  }

  /** @param {string} name */
  enlarge(name) {
    this._wanted = name;
  }

  /**
   * The stream so many places behind the large one, around the end.
   *
   * @param {number} step
   */
  beside(step) {
    const count = this.shown.length;
    return count === 0 ? '' : this.shown[(this.shown.indexOf(this.large) + step + count) % count];
  }

  /**
   * Tiles keep their places; those of streams that ended are taken by newcomers, the most watched first.
   *
   * @param {Stream[]} live
   * @returns {number} streams that have no place
   */
  update(live) {
    const names = [...live].sort((a, b) => b.viewers - a.viewers || a.id.localeCompare(b.id)).map(({ id }) => id);
    const kept = this.shown.filter((name) => names.includes(name));
    const wanted = names.filter((name) => name === this._wanted && !kept.includes(name));
    const others = names.filter((name) => !kept.includes(name) && !wanted.includes(name));
    // A stream that a link asks for has a place, however few watch it.
    this.shown = [...wanted, ...kept, ...others].slice(0, MAX_TILES);
    return names.length - this.shown.length;
  }
}
