/**
 * Keeps one rendition playing: connects, waits while nobody publishes, tries again when the line breaks.
 *
 * `waiting`: the server says that nobody publishes. `retrying`: the connection failed; `trouble` says how.
 * `stopped`: not wanted now; `start` begins again.
 *
 * @typedef {'stopped'|'connecting'|'playing'|'waiting'|'retrying'} WatchState
 * @typedef {import('./whep.js').WhepOptions} WhepOptions
 */

import { ApiError } from './api.js';
import { Backoff, StateMachine } from './state-machine.js';
import { mediaTrouble, troubleOf } from './trouble.js';
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
/** Between tries where the fault is likely to be over soon: a server that starts again is back within seconds. */
const PASSING_LIMIT_MS = 2000;
/** At least, where the next try may well fare like the last: long enough to read what happened. */
const READING_MS = 4000;
/** At least, where the next try will fare like the last. */
const FINAL_WAIT_MS = 10000;
/** At least, where a person is asked for a token: who may watch can change, but wrong tokens are few that a server takes. */
const ASKING_WAIT_MS = 60000;

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
    /** @type {import('./trouble.js').Trouble | null} what the last failure was */
    this.trouble = null;
    /** When the state began, as `performance.now()`. */
    this.since = 0;
    /** Whether the stream has played since the session began: tells "ended" from "not started". */
    this.played = false;
    this._machine = new StateMachine(TABLE, 'stopped', () => {
      this.since = performance.now();
      this.dispatchEvent(new Event('statechange'));
    });
  }

  /** @returns {WatchState} */
  get state() {
    return this._machine.state;
  }

  get peer() {
    return this._player?.peer ?? null;
  }

  /** The address of the server's session, empty while there is none. */
  get address() {
    return this._player?.address ?? '';
  }

  get media() {
    return this._player?.media ?? null;
  }

  /** Begins; a second call changes nothing. */
  start() {
    if (this.state !== 'stopped') return;
    this.trouble = null;
    this._machine.on('start');
    this._connect();
  }

  stop() {
    if (this.state === 'stopped') return;
    this._drop();
    this._machine.on('stop');
  }

  /**
   * Plays something else from now on, where it plays at all.
   *
   * @param {string} endpoint
   */
  moveTo(endpoint) {
    if (endpoint === this._options.endpoint) return;
    // A playback session of the server belongs to one rendition, so another address needs another session.
    const goesOn = this.state !== 'stopped';
    this.stop();
    this._options = { ...this._options, endpoint };
    if (goesOn) this.start();
  }

  /**
   * Shows another token from the next try on, which begins now where the last one failed.
   *
   * @param {string} token
   */
  authorize(token) {
    this._options = { ...this._options, token };
    this.trouble = null;
    if (this.state === 'retrying') this.retry();
  }

  /** Tries now instead of at `retryAt`. */
  retry() {
    clearTimeout(this._timer);
    this.retryAt = 0;
    // Called by the timer, by buttons and by the browser's `online`, in any state; a session that plays or
    // connects needs no second connection.
    if (!this._machine.accepts('retry')) return;
    this._machine.on('retry');
    this._connect();
  }

  /** Somebody else knows that the publisher left (the API says so). */
  absent() {
    if (this.state !== 'playing') return;
    this._drop();
    this._plan(WAIT_MS, 'absent', null);
  }

  /**
   * Somebody else knows that the connection is dead, which it may not tell for many seconds.
   *
   * @param {import('./trouble.js').Trouble} trouble
   */
  lose(trouble) {
    if (this.state === 'playing') this._fail(trouble);
  }

  async _connect() {
    /** @type {WhepPlayer | null} */
    let player = null;
    try {
      const made = new WhepPlayer(this._options);
      this._player = player = made;
      this._answered = false;
      this.dispatchEvent(new Event('media'));
      // The listener knows its own player: events of one that was dropped must not move the session of the next.
      made.addEventListener('statechange', () => this._follow(made));
      await made.start();
      // Lost while the answer was under way: nothing rejected, so nobody has said so yet.
      if (this._player === made && made.state === 'lost') this._fail(mediaTrouble(made.fault));
      this._answered = true;
    } catch (error) {
      if (this._player !== player) return;
      // Nobody publishes: no failure, so no growing wait. All viewers of an ended stream ask, so they are spread
      // over half of the server's time.
      if (error instanceof ApiError && error.status === 409) {
        this._drop();
        // Not before the server's time, and not all at once.
        this._plan((error.retryAfterMs ?? WAIT_MS) * (1 + Math.random() / 2), 'absent', null);
        return;
      }
      const trouble = troubleOf(error, 'watch');
      this._fail(trouble ?? mediaTrouble('broken'), error instanceof ApiError ? error.retryAfterMs : null);
      if (trouble === null) throw error;
    }
  }

  /** @param {WhepPlayer} player */
  _follow(player) {
    if (this._player !== player) return;
    if (player.state === 'live') {
      clearTimeout(this._timer);
      this._backoff.reset();
      this.played = true;
      this.trouble = null;
      this._machine.on('connected');
    } else if (player.state === 'lost' && (this._answered || player.fault === 'late')) {
      this._fail(mediaTrouble(player.fault));
    }
  }

  /**
   * @param {import('./trouble.js').Trouble} trouble
   * @param {number | null} askedMs the least that the server asked for
   */
  _fail(trouble, askedMs = null) {
    this._drop();
    // The longest of three counts: how often it failed, what the server asked for, and how long a person needs to
    // read.
    const waitMs = this._backoff.next(trouble.isPassing ? PASSING_LIMIT_MS : undefined);
    this._plan(Math.max(waitMs, askedMs ?? 0, leastWaitMs(trouble)), 'failed', trouble);
  }

  /**
   * @param {number} waitMs
   * @param {'absent' | 'failed'} event
   * @param {import('./trouble.js').Trouble | null} trouble
   */
  _plan(waitMs, event, trouble) {
    clearTimeout(this._timer);
    this.trouble = trouble;
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

/** @param {import('./trouble.js').Trouble} trouble */
function leastWaitMs({ isPassing, isFinal, asksToken }) {
  if (asksToken) return ASKING_WAIT_MS;
  if (isPassing) return 0;
  return isFinal ? FINAL_WAIT_MS : READING_MS;
}
