/**
 * The order of a list of live streams that people point at. Pure.
 *
 * Numbers of viewers change all the time. Cards that changed places under the pointer would be clicked by mistake, so
 * the order is kept while somebody is at the list, and made anew otherwise.
 *
 * @typedef {import('../types.js').Stream} Stream
 * @typedef {'viewers' | 'newest' | 'name'} Order
 */

/** Time between two new orders of a list that nobody touches. */
const CALM_MS = 10000;

/** @type {Record<Order, (a: Stream, b: Stream) => number>} */
const COMPARE = {
  viewers: (a, b) => b.viewers - a.viewers,
  newest: (a, b) => Date.parse(b.started_at) - Date.parse(a.started_at),
  name: () => 0,
};

/**
 * @param {string} text
 * @returns {text is Order}
 */
export function isOrder(text) {
  return Object.hasOwn(COMPARE, text);
}

/**
 * @param {Stream[]} streams
 * @param {string} words of the name, in any order; empty: all
 */
export function matching(streams, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word);
  return streams.filter(({ id }) => wanted.every((word) => id.toLowerCase().includes(word)));
}

export class StreamOrder {
  constructor() {
    /** @type {Map<string, number>} places by stream */
    this._places = new Map();
    /** @type {Order | null} */
    this._order = null;
    this._madeAt = -Infinity;
  }

  /**
   * @param {Stream[]} streams
   * @param {Order} order
   * @param {{touched: boolean, now: number}} situation whether somebody points at the list, or is in it by keys
   * @returns {Stream[]} newcomers stand in their places, or last while the order is kept
   */
  arrange(streams, order, { touched, now }) {
    const isKept = order === this._order && (touched || now - this._madeAt < CALM_MS);
    const sorted = [...streams].sort((a, b) => COMPARE[order](a, b) || a.id.localeCompare(b.id));
    if (isKept) {
      const place = (/** @type {Stream} */ one) => this._places.get(one.id) ?? Infinity;
      // Equal places, of newcomers, keep their order among each other; infinite ones have no difference.
      sorted.sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
    } else {
      this._order = order;
      this._madeAt = now;
    }
    this._places = new Map(sorted.map((stream, index) => [stream.id, index]));
    return sorted;
  }
}
