/**
 * A state and the events that move it. The table is the whole truth: an event that the table does not
 * name for the state is a fault of ours and throws.
 *
 * @template {string} S
 * @template {string} E
 */
export class StateMachine {
  /**
   * @param {Record<S, Partial<Record<E, S>>>} table
   * @param {S} initial
   * @param {(state: S, event: E, before: S) => void} onChange called after every move
   */
  constructor(table, initial, onChange = () => {}) {
    this._table = table;
    this._state = initial;
    this._onChange = onChange;
  }

  get state() {
    return this._state;
  }

  /**
   * Whether the event means something in this state; for events that race, such as timers.
   *
   * @param {E} event
   */
  accepts(event) {
    return this._table[this._state][event] !== undefined;
  }

  /**
   * @param {E} event
   * @returns {S} the new state
   */
  on(event) {
    const before = this._state;
    const next = this._table[before][event];
    if (next === undefined) throw new Error(`"${event}" means nothing in state "${before}"`);
    // The state changes before `onChange` is called, so whoever is told sees the new state and may raise the next
    // event.
    this._state = next;
    this._onChange(next, event, before);
    return next;
  }
}

/**
 * Waits that double up to a limit; `reset` after a success. Each is shortened by up to half at random, so that
 * all whom one fault threw out do not come back at one moment.
 */
export class Backoff {
  /**
   * @param {number} firstMs
   * @param {number} limitMs
   */
  constructor(firstMs = 500, limitMs = 15000) {
    this._firstMs = firstMs;
    this._limitMs = limitMs;
    this._failures = 0;
  }

  /**
   * @param {number} limitMs of this wait, where it is less than the usual one
   * @param {number} chance 0 to 1
   * @returns {number} milliseconds to wait before the next try
   */
  next(limitMs = this._limitMs, chance = Math.random()) {
    // The limit of this wait may be lower than the usual one, but the count of failures goes on: the next failure
    // of another kind waits by how long it has been going wrong.
    const wait = Math.min(this._limitMs, limitMs, this._firstMs * 2 ** this._failures);
    this._failures += 1;
    return wait * (0.5 + chance / 2);
  }

  reset() {
    this._failures = 0;
  }
}
