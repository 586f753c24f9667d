/**
 * Playing by WHEP: one connection, no retry, no page.
 *
 * States: `idle` -> `connecting` -> `playing` -> `ended`; `connecting` and `playing` may become `lost`.
 *
 * @typedef {'idle'|'connecting'|'playing'|'lost'|'ended'} WhepState
 * @typedef {{endpoint: string, iceServers: RTCIceServer[], audio: boolean}} WhepOptions
 */

import { endSession, followConnection, negotiate } from './sdp-session.js';
import { StateMachine } from './state-machine.js';

/** @type {Record<WhepState, Record<string, WhepState>>} */
const TABLE = {
  idle: { start: 'connecting', end: 'ended' },
  connecting: { connected: 'playing', lose: 'lost', end: 'ended' },
  playing: { lose: 'lost', end: 'ended' },
  lost: {},
  ended: {},
};

/**
 * Asks for the smallest play-out delay: the server already paces frames, and every millisecond shows.
 *
 * @param {RTCRtpReceiver} receiver
 */
function playAtOnce(receiver) {
  const modern = /** @type {{jitterBufferTarget?: number | null}} */ (receiver);
  const chromium = /** @type {{playoutDelayHint?: number | null}} */ (receiver);
  if ('jitterBufferTarget' in receiver) modern.jitterBufferTarget = 0;
  if ('playoutDelayHint' in receiver) chromium.playoutDelayHint = 0;
}

/** Emits `statechange`. */
export class WhepPlayer extends EventTarget {
  /** @param {WhepOptions} options */
  constructor(options) {
    super();
    this._options = options;
    this._machine = new StateMachine(TABLE, 'idle', () => this.dispatchEvent(new Event('statechange')));
    this._session = '';
    /** Why it was lost, once it is. */
    this.fault = /** @type {import('./trouble.js').MediaFault} */ ('broken');
    this.media = new MediaStream();
    this.peer = new RTCPeerConnection({ iceServers: options.iceServers });
    this.peer.addEventListener('track', (event) => this.media.addTrack(event.track));
    followConnection(this.peer, {
      connected: () => this._raise('connected'),
      lost: (fault) => this._lose(fault),
    });
  }

  /** @returns {WhepState} */
  get state() {
    return this._machine.state;
  }

  /** Connects; resolves when the answer is applied, rejects with an ApiError (409: nobody publishes). */
  async start() {
    this._machine.on('start');
    const kinds = this._options.audio ? ['video', 'audio'] : ['video'];
    for (const kind of kinds) {
      playAtOnce(this.peer.addTransceiver(kind, { direction: 'recvonly' }).receiver);
    }
    try {
      const session = await negotiate(this.peer, this._options.endpoint);
      if (this.state === 'ended' || this.state === 'lost') endSession(session);
      else this._session = session;
    } catch (error) {
      this._lose();
      throw error;
    }
  }

  /** Ends the session, here and on the server. Safe to call twice. */
  end() {
    this._raise('end');
    this._release();
  }

  /** @param {import('./trouble.js').MediaFault} fault */
  _lose(fault = 'broken') {
    this.fault = fault;
    this._raise('lose');
    this._release();
  }

  _release() {
    this.peer.close();
    if (this._session !== '') endSession(this._session);
    this._session = '';
  }

  /** @param {string} event */
  _raise(event) {
    if (this._machine.accepts(event)) this._machine.on(event);
  }
}
