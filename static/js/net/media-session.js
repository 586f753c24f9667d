/**
 * One session by WHIP or WHEP: its connection, its state, and its end here and on the server. No retry, no page.
 *
 * States: `idle` -> `connecting` -> `live` -> `ended`; `connecting` and `live` may become `lost`.
 *
 * @typedef {'idle'|'connecting'|'live'|'lost'|'ended'} SessionState
 */

import { endSession, followConnection } from './sdp-session.js';
import { StateMachine } from './state-machine.js';

/** @type {Record<SessionState, Record<string, SessionState>>} */
const TABLE = {
  idle: { start: 'connecting', end: 'ended' },
  connecting: { connected: 'live', lose: 'lost', end: 'ended' },
  live: { lose: 'lost', end: 'ended' },
  lost: {},
  ended: {},
};

/** Emits `statechange`. After `ended` or `lost` make a new one. */
export class MediaSession extends EventTarget {
  /**
   * @param {RTCIceServer[]} iceServers
   * @param {string} [token]
   */
  constructor(iceServers, token) {
    super();
    this._token = token;
    this._machine = new StateMachine(TABLE, 'idle', () => this.dispatchEvent(new Event('statechange')));
    this._session = '';
    /** Why it was lost, once it is. */
    this.fault = /** @type {import('./trouble.js').MediaFault} */ ('broken');
    this.peer = new RTCPeerConnection({ iceServers });
    followConnection(this.peer, {
      connected: () => this._raise('connected'),
      lost: (fault) => this._lose(fault),
    });
  }

  /** @returns {SessionState} */
  get state() {
    return this._machine.state;
  }

  /** The session's address on the server; empty before it is made and after its end. */
  get address() {
    return this._session;
  }

  /** Ends the session, here and on the server. Safe to call twice and while the page goes away. */
  end() {
    this._raise('end');
    this._release();
  }

  /**
   * Keeps the URL of the session that the server made; one that came too late is ended there.
   *
   * @param {string} session
   */
  _hold(session) {
    this._session = session;
    // The server made a session for an offer that nobody waits for any more. Without this it would hold the
    // stream's name, or a viewer's place, until its own time limit.
    if (this.state === 'ended' || this.state === 'lost') this._release();
  }

  /** @param {import('./trouble.js').MediaFault} fault */
  _lose(fault = 'broken') {
    this.fault = fault;
    this._raise('lose');
    this._release();
  }

  _release() {
    // The server is told besides: it learns of a closed connection only from the goodbye of the encryption, which
    // is one packet that may be lost.
    this.peer.close();
    if (this._session !== '') endSession(this._session, this._token);
    this._session = '';
  }

  /** @param {string} event */
  _raise(event) {
    // The connection's events and the page's own calls race; whichever comes second means nothing any more.
    if (this._machine.accepts(event)) this._machine.on(event);
  }
}
