/**
 * Keeps a broadcast up: connects, and connects again with the same media when the line or the server breaks.
 *
 * The first connection must succeed, so that what is wrong is said at once. `resuming`: it was live; `trouble` says
 * what happened. `failed`: it will not come back by itself.
 *
 * @typedef {'idle'|'connecting'|'live'|'resuming'|'failed'|'ended'} PublishState
 * @typedef {import('./trouble.js').Trouble} Trouble
 */

import { ApiError } from './api.js';
import { Backoff, StateMachine } from './state-machine.js';
import { AWAY, ENDED, mediaTrouble, troubleOf } from './trouble.js';
import { WhipPublisher } from './whip.js';

/** @type {Record<PublishState, Record<string, PublishState>>} */
const TABLE = {
  idle: { start: 'connecting', end: 'ended' },
  connecting: { connected: 'live', fail: 'failed', end: 'ended' },
  live: { interrupt: 'resuming', fail: 'failed', end: 'ended' },
  resuming: { connected: 'live', fail: 'failed', end: 'ended' },
  failed: {},
  ended: {},
};

const CHECK_MS = 1000;
/** Without a receiver report for so long, a server that does not answer either is gone. They come each second. */
const SILENCE_MS = 3000;
/** The same where the server answers: one of its app processes may have died alone. Reports get lost, but not so many. */
const LONG_SILENCE_MS = 6000;
/** The longest wait between tries: a server that starts again is back within seconds. */
const RETRY_LIMIT_MS = 2000;
/** A server that stops says goodbye first and is away then; one that ended the session on purpose still answers. */
const GOODBYE_MS = 1500;

/**
 * For how long the server has not reported what it receives; 0 where it never did.
 *
 * @param {RTCPeerConnection} peer
 */
async function silentMs(peer) {
  let newest = 0;
  for (const entry of (await peer.getStats()).values()) {
    if (entry.type === 'remote-inbound-rtp') newest = Math.max(newest, entry.timestamp);
  }
  return newest === 0 ? 0 : performance.timeOrigin + performance.now() - newest;
}

/** Emits `statechange`, also when `trouble` changes while resuming. */
export class PublishSession extends EventTarget {
  /**
   * @param {import('./whip.js').WhipOptions} options
   * @param {MediaStream} media stays open; its owner closes it
   * @param {() => Promise<{instance: string}>} askServer rejects with an ApiError
   * @param {string} instance which run of the server answered last; empty where none did
   */
  constructor(options, media, askServer, instance) {
    super();
    this._options = options;
    this._media = media;
    this._askServer = askServer;
    this._backoff = new Backoff(300, RETRY_LIMIT_MS);
    this._timer = 0;
    /** Which run the session is with; empty until it was asked. */
    this._instance = '';
    // Kept apart from `_instance`: after a goodbye it tells whether the server that answers is the one that closed
    // the session, even if that session was never checked.
    this._lastSeen = instance;
    /** @type {WhipPublisher | null} */
    this._publisher = null;
    /** @type {Trouble | null} */
    this.trouble = null;
    /** What a fault of the page itself was; to be thrown where it is seen. */
    this.error = /** @type {unknown} */ (null);
    this._machine = new StateMachine(TABLE, 'idle', () => this._changed());
  }

  /** @returns {PublishState} */
  get state() {
    return this._machine.state;
  }

  get peer() {
    return this._publisher?.peer ?? null;
  }

  start() {
    this._machine.on('start');
    this._connect();
  }

  /** Ends it, here and on the server. Safe to call twice and while the page goes away. */
  end() {
    this._drop();
    if (this._machine.accepts('end')) this._machine.on('end');
  }

  /** The device is online again, or somebody looks: what waits is tried now. */
  hurry() {
    if (this.state === 'resuming' && this._publisher === null) this._connect();
  }

  /**
   * Applies size, bitrate and frame rate; call it again when the captured picture may have changed.
   *
   * @param {number} fraction of the size that is sent; later connections keep it
   */
  async fit(fraction = 1) {
    this._options.fraction = fraction;
    await this._publisher?.fit();
  }

  async _connect() {
    clearTimeout(this._timer);
    /** @type {WhipPublisher | null} */
    let publisher = null;
    try {
      const made = new WhipPublisher(this._options);
      this._publisher = publisher = made;
      made.addEventListener('statechange', () => this._follow(made));
      await made.start(this._media);
    } catch (error) {
      if (this._publisher !== publisher) return;
      const trouble = troubleOf(error, 'publish');
      if (trouble === null) this.error = error;
      // Under way to the same name again, 409 means the session before, which the server will notice is dead.
      const isOwn = this.state === 'resuming' && error instanceof ApiError && error.status === 409;
      this._lose(trouble ?? { ...AWAY, isFinal: true }, isOwn);
    }
  }

  /** @param {WhipPublisher} publisher */
  _follow(publisher) {
    if (this._publisher !== publisher) return;
    if (publisher.state === 'live') {
      this._backoff.reset();
      this._instance = '';
      this.trouble = null;
      this._machine.on('connected');
      this._check(publisher);
    // Before the answer a loss also rejects `start`, and is handled there. Only a limit that ran out rejects
    // nothing, because the offer is still under way.
    } else if (publisher.state === 'lost' && (publisher.answered || publisher.fault === 'late')) {
      const wasLive = this.state === 'live';
      if (publisher.fault === 'closed' && wasLive) this._afterGoodbye();
      else this._lose(mediaTrouble(publisher.fault), false);
    }
  }

  /**
   * Another run of the server knows nothing of the session, though the browser may not notice for many seconds.
   *
   * @param {WhipPublisher} publisher
   */
  async _check(publisher) {
    // Anything may have happened during the two waits of this method, hence the same question after each.
    const instance = await this._ask();
    if (this._publisher !== publisher || this.state !== 'live') return;
    // The first answer after the connection stands names the run that holds the session. An answer from before
    // could be that of a run that was stopped in between.
    if (this._instance === '') this._instance = instance;
    // No answer alone is not enough, since a proxy may fail while media flows.
    const limit = instance === '' ? SILENCE_MS : LONG_SILENCE_MS;
    const isSilent = (await silentMs(publisher.peer)) > limit;
    if (this._publisher !== publisher || this.state !== 'live') return;
    if (isSilent || (instance !== '' && instance !== this._instance)) this._lose(AWAY, false);
    else this._timer = window.setTimeout(() => this._check(publisher), CHECK_MS);
  }

  /** The server closed the session: by being stopped, or on purpose. */
  _afterGoodbye() {
    const before = this._instance || this._lastSeen;
    this._drop();
    this.trouble = mediaTrouble('closed');
    this._machine.on('interrupt');
    this._timer = window.setTimeout(async () => {
      const isSame = before !== '' && (await this._ask()) === before;
      if (this.state !== 'resuming' || this._publisher !== null) return;
      if (isSame) this._give(ENDED);
      else this._connect();
    }, GOODBYE_MS);
  }

  /** @returns {Promise<string>} which run of the server answers; empty where none does */
  async _ask() {
    try {
      this._lastSeen = (await this._askServer()).instance ?? '';
      return this._lastSeen;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return '';
    }
  }

  /**
   * @param {Trouble} trouble
   * @param {boolean} isOwn the name is held by our own session of before
   */
  _lose(trouble, isOwn) {
    this._drop();
    // The first connection is not tried again, so that a wrong token or a taken name is said at once and not after
    // a time of silent tries.
    if (this.state === 'connecting' || (trouble.isFinal && !isOwn)) {
      this._give(trouble);
      return;
    }
    this.trouble = trouble;
    this._timer = window.setTimeout(() => this._connect(), this._backoff.next());
    if (this.state === 'live') this._machine.on('interrupt');
    else this._changed();
  }

  /** @param {Trouble} trouble */
  _give(trouble) {
    this.trouble = trouble;
    if (this._machine.accepts('fail')) this._machine.on('fail');
  }

  _drop() {
    clearTimeout(this._timer);
    const publisher = this._publisher;
    this._publisher = null;
    publisher?.end();
  }

  _changed() {
    this.dispatchEvent(new Event('statechange'));
  }
}
