/**
 * What a viewer is shown, told by the server as soon as it changes (server-sent events of the WHEP session). No page.
 *
 * @typedef {object} PictureView
 * @property {string} why why the picture is not enhanced, by its code; empty where it is
 * @property {string} rendition
 * @property {string} net
 * @property {string} level quality level of the last enhanced picture
 * @property {number} width
 * @property {number} height
 * @property {number} kbps
 * @property {number | null} latency_ms that the server added
 * @property {number} fraction of the pictures of the last second that a net made
 */

import { ApiError, request } from './api.js';

/** The server ends a stream of events after 25 s. The next one is open before, so that nothing is told late. */
const RENEW_MS = 20000;
/** Until the next try after an error. */
const AGAIN_MS = 2000;
/** Until the address of a session is there. */
const FIRST_MS = 100;
/** Browsers hold six connections to a server; this many may wait for events, so that the rest is free for others. */
const MAX_HELD = 3;
/** Between two glances of those for whom no connection is left. */
const GLANCE_MS = 2000;

let held = 0;

/** Emits `picture` whenever `view` has a new value. */
export class PictureEvents extends EventTarget {
  /** @param {import('./watch-session.js').WatchSession} session */
  constructor(session) {
    super();
    this._session = session;
    this._timer = 0;
    /** @type {EventSource | null} */
    this._events = null;
    this._holds = false;
    /** Counts the sessions and the times of being hidden: what belongs to an earlier one is ignored. */
    this._turn = 0;
    this._stopped = false;
    /** @type {PictureView | null} null while nothing is known */
    this.view = null;
    this._follow = () => this._begin();
    session.addEventListener('statechange', this._follow);
    document.addEventListener('visibilitychange', this._follow);
    this._begin();
  }

  /** Ends it for good. */
  stop() {
    this._stopped = true;
    this._session.removeEventListener('statechange', this._follow);
    document.removeEventListener('visibilitychange', this._follow);
    this._begin();
  }

  _begin() {
    this._turn += 1;
    this._close();
    // Nobody sees a hidden page, and its connection would be missing elsewhere.
    if (!this._stopped && this._session.state === 'playing' && !document.hidden) void this._open(this._turn);
    else if (this._session.state !== 'playing') this._tell(null);
  }

  /** @param {number} turn */
  async _open(turn) {
    const session = this._session.address;
    // Media may flow before the answer that names the session was applied.
    if (session === '') {
      this._later(turn, FIRST_MS, () => void this._open(turn));
      return;
    }
    try {
      const made = await request(`${session}/events`, {
        method: 'POST',
        body: '["picture"]',
        headers: { 'Content-Type': 'application/json' },
      });
      // The server may not know the address by which it is reached, but the name of the stream is its last part.
      const name = (made.headers.get('Location') ?? '').split('/').pop();
      if (turn !== this._turn) return;
      this._read(`${session}/events/${name}`, turn);
    } catch (error) {
      if (!(error instanceof ApiError) && !(error instanceof DOMException)) throw error;
      this._later(turn, AGAIN_MS, () => void this._open(turn));
    }
  }

  /**
   * @param {string} address
   * @param {number} turn
   */
  _read(address, turn) {
    if (!this._holds && held >= MAX_HELD) {
      this._glance(address, turn);
      return;
    }
    held += this._holds ? 0 : 1;
    this._holds = true;
    const events = new EventSource(address);
    const before = this._events;
    this._events = events;
    events.addEventListener('picture', (event) => this._take(turn, event.data));
    events.addEventListener('open', () => before?.close());
    events.addEventListener('error', () => {
      // The browser opens it again by itself unless the server refused it: then the session has another stream.
      if (turn !== this._turn || events !== this._events || events.readyState !== EventSource.CLOSED) return;
      before?.close();
      this._later(turn, AGAIN_MS, () => void this._open(turn));
    });
    this._later(turn, RENEW_MS, () => this._read(address, turn));
  }

  /**
   * Looks now and then, where other players of the page hold all connections.
   *
   * @param {string} address
   * @param {number} turn
   */
  _glance(address, turn) {
    const events = new EventSource(address);
    this._events = events;
    events.addEventListener('picture', (event) => {
      events.close();
      this._take(turn, event.data);
    });
    this._later(turn, GLANCE_MS, () => {
      events.close();
      this._read(address, turn);
    });
  }

  /**
   * @param {number} turn
   * @param {string} data
   */
  _take(turn, data) {
    if (turn === this._turn) this._tell(JSON.parse(data));
  }

  /** @param {PictureView | null} view */
  _tell(view) {
    this.view = view;
    this.dispatchEvent(new Event('picture'));
  }

  /**
   * @param {number} turn
   * @param {number} ms
   * @param {() => void} task
   */
  _later(turn, ms, task) {
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => turn === this._turn && task(), ms);
  }

  _close() {
    clearTimeout(this._timer);
    this._events?.close();
    this._events = null;
    held -= this._holds ? 1 : 0;
    this._holds = false;
  }
}
