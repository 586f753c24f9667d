/**
 * Keeps one rendition playing: connects, waits while nobody publishes, tries again when the line breaks.
 *
 * `waiting`: the server says that nobody publishes. `retrying`: the connection failed; `message` says how.
 * `stopped`: not wanted now; `start` begins again.
 *
 * @typedef {'stopped'|'connecting'|'playing'|'waiting'|'retrying'} WatchState
 * @typedef {import('./whep.js').WhepOptions} WhepOptions
 */

import { ApiError } from './api.js';
import { Backoff, StateMachine } from './state-machine.js';
import { WhepPlayer } from './whep.js';

/** @type {Record<WatchState, Record<string, WatchState>>} */
const TABLE = {
  stopped: { start: 'connecting' },
  connecting: { connected: 'playing', absent: 'waiting', failed: 'retrying', stop: 'stopped' },
  playing: { failed: 'retrying', absent: 'waiting', stop: 'stopped' },
  waiting: { retry: 'connecting', stop: 'stopped' },
  retrying: { retry: 'connecting', stop: 'stopped' },
};

const WAIT_MS = 2000;
const CONNECT_LIMIT_MS = 10000;

/** Emits `statechange`, and `media` when `media` has a new value. */
export class WatchSession extends EventTarget {
  /** @param {WhepOptions} options */
  constructor(options) {
    super();
    this._options = options;
    this._backoff = new Backoff();
    this._timer = 0;
    this._answered = false;
    /** @type {WhepPlayer | null} */
    this._player = null;
    /** When the next try comes, as `performance.now()`; 0 while none is planned. */
    this.retryAt = 0;
    this.message = '';
    /** Whether the stream has played since the session began: tells "ended" from "not started". */
    this.played = false;
    this._machine = new StateMachine(TABLE, 'stopped', () => this.dispatchEvent(new Event('statechange')));
  }

  /** @returns {WatchState} */
  get state() {
    return this._machine.state;
  }

  get peer() {
    return this._player?.peer ?? null;
  }

  get media() {
    return this._player?.media ?? null;
  }

  /** Begins; a second call changes nothing. */
  start() {
    if (this.state !== 'stopped') return;
    this._machine.on('start');
    this._connect();
  }

  stop() {
    if (this.state === 'stopped') return;
    this._drop();
    this._machine.on('stop');
  }

  /** Tries now instead of at `retryAt`. */
  retry() {
    clearTimeout(this._timer);
    this.retryAt = 0;
    if (!this._machine.accepts('retry')) return;
    this._machine.on('retry');
    this._connect();
  }

  /** Somebody else knows that the publisher left (the API says so). */
  absent() {
    if (this.state !== 'playing') return;
    this._drop();
    this._plan(WAIT_MS, 'absent', '');
  }

  async _connect() {
    const player = new WhepPlayer(this._options);
    this._player = player;
    this._answered = false;
    this.dispatchEvent(new Event('media'));
    this._timer = window.setTimeout(() => player.end(), CONNECT_LIMIT_MS);
    player.addEventListener('statechange', () => this._follow(player));
    try {
      await player.start();
      // Lost while the answer was under way: nothing rejected, so nobody has said so yet.
      if (this._player === player && player.state === 'lost') this._fail('The connection was lost.');
      this._answered = true;
    } catch (error) {
      if (this._player !== player) return;
      if (error instanceof ApiError && error.status === 409) {
        this._drop();
        this._plan(error.retryAfterMs ?? WAIT_MS, 'absent', error.message);
      } else {
        this._fail(error instanceof ApiError ? error.message : 'The connection could not be made.');
      }
    }
  }

  /** @param {WhepPlayer} player */
  _follow(player) {
    if (this._player !== player) return;
    if (player.state === 'playing') {
      clearTimeout(this._timer);
      this._backoff.reset();
      this.played = true;
      this.message = '';
      this._machine.on('connected');
    } else if (player.state === 'ended') {
      this._fail('The connection took too long.');
    } else if (player.state === 'lost' && this._answered) {
      this._fail(this.state === 'playing' ? 'The connection was lost.' : 'The connection failed.');
    }
  }

  /** @param {string} words */
  _fail(words) {
    this._drop();
    this._plan(this._backoff.next(), 'failed', words);
  }

  /**
   * @param {number} waitMs
   * @param {'absent' | 'failed'} event
   * @param {string} message
   */
  _plan(waitMs, event, message) {
    clearTimeout(this._timer);
    this.message = message;
    this.retryAt = performance.now() + waitMs;
    this._timer = window.setTimeout(() => this.retry(), waitMs);
    this._machine.on(event);
  }

  _drop() {
    clearTimeout(this._timer);
    const player = this._player;
    this._player = null;
    player?.end();
    this.dispatchEvent(new Event('media'));
  }
}
