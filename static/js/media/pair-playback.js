/**
 * Two renditions of one stream: the enhanced one always, the source only while the split shows it.
 *
 * Emits `change` whenever a state, a picture or the alignment may have changed.
 */

import { ROOT } from '../net/address.js';
import { WatchSession } from '../net/watch-session.js';
import { SplitPainter } from './split-painter.js';

/**
 * The source is kept this long after it went out of sight, so that comparing again costs no new session: people compare
 * several times in a row. Who watches longer pays for the enhanced rendition alone.
 */
export const LINGER_MS = 60000;
/** The same for those who save data. */
const SAVER_LINGER_MS = 3000;

export class PairPlayback extends EventTarget {
  /**
   * @param {string} stream
   * @param {RTCIceServer[]} iceServers
   * @param {Record<'source' | 'enhanced', HTMLVideoElement>} videos
   * @param {Record<'source' | 'enhanced', HTMLCanvasElement>} canvases
   * @param {{root?: string, token?: string}} server where it begins, and the token to watch, if one is needed
   */
  constructor(stream, iceServers, videos, canvases, { root = ROOT, token = '' } = {}) {
    super();
    const endpoint = new URL(`whep/${encodeURIComponent(stream)}`, root).href;
    this._endpoint = endpoint;
    this._videos = videos;
    this._timer = 0;
    this._split = 50;
    this._wantsPair = false;
    this._canvases = canvases;
    /** The viewer wants the source to be ready at any time, also while it is out of sight. */
    this._keepsSource = false;
    this._lingerMs = savesData() ? SAVER_LINGER_MS : LINGER_MS;
    this.painter = new SplitPainter(videos, canvases, () => this._changed());
    // Where no worker has the stream, the server sends the source in its place and changes over later.
    const enhanced = { endpoint: `${endpoint}?rendition=auto&fallback=source`, iceServers, audio: true, token };
    const source = { endpoint: `${endpoint}?rendition=source`, iceServers, audio: false, token };
    this.enhanced = new WatchSession(enhanced);
    this.source = new WatchSession(source);
    attach(this.enhanced, videos.enhanced);
    attach(this.source, videos.source);
    this.enhanced.addEventListener('statechange', () => this._arrange());
    this.source.addEventListener('statechange', () => this._arrange());
    for (const video of Object.values(videos)) {
      // `hasPicture` reads the elements' `readyState`, which changes without a state of ours; these events tell
      // when to look again.
      for (const sign of ['loadeddata', 'emptied', 'resize']) video.addEventListener(sign, () => this._changed());
    }
  }

  start() {
    this.enhanced.start();
  }

  stop() {
    clearTimeout(this._timer);
    // In this order: a source that stops while the enhanced rendition plays is started again by `_arrange`.
    this.enhanced.stop();
    this.source.stop();
  }

  /** @param {string} rendition by its name; `auto` leaves the choice to the connection */
  choose(rendition) {
    this.enhanced.moveTo(`${this._endpoint}?rendition=${encodeURIComponent(rendition)}&fallback=source`);
  }

  /** @param {string} token to watch, from the next sessions on */
  authorize(token) {
    this.source.authorize(token);
    this.enhanced.authorize(token);
  }

  /** @param {number} split the source's part in percent */
  showSplit(split) {
    this._split = split;
    this._arrange();
  }

  /** @param {boolean} isKept whether the source is to be ready at any time, also out of sight */
  keepSource(isKept) {
    this._keepsSource = isKept;
    this._arrange();
  }

  /**
   * Waits until both canvases hold the same frame.
   *
   * @param {number} limitMs
   * @returns {Promise<Record<'source' | 'enhanced', HTMLCanvasElement> | null>} null: it did not come in time
   */
  async pair(limitMs = 5000) {
    this._wantsPair = true;
    this._arrange();
    try {
      const until = performance.now() + limitMs;
      while (!this.aligned && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 30));
      return this.aligned ? this._canvases : null;
    } finally {
      this._wantsPair = false;
    }
  }

  /** Stops what `pair` began, where nobody compares. */
  settle() {
    this._arrange();
  }

  /** @param {'source' | 'enhanced'} side */
  hasPicture(side) {
    return this[side].state === 'playing' && this._videos[side].readyState >= 2;
  }

  /** Whether the canvases show the same picture on both sides. */
  get aligned() {
    return this.painter.isAligned(performance.now());
  }

  _arrange() {
    clearTimeout(this._timer);
    // The source alone would only show half of a comparison, and costs the viewer's line and a session of the
    // server. So it follows the enhanced rendition and never leads it.
    const isCompared = this._split > 0 || this._wantsPair;
    if (this.enhanced.state !== 'playing') this.source.stop();
    else if (isCompared || this._keepsSource) this.source.start();
    else this._timer = window.setTimeout(() => this.source.stop(), this._lingerMs);
    // Painting pairs to canvases costs a copy of every frame, so the enhanced picture alone is shown by its video.
    // The source alone is painted too: its video runs ahead of the sound, which comes with the enhanced one, by what
    // the enhancement takes.
    const compares = isCompared && this.source.state === 'playing';
    if (compares) this.painter.start();
    else this.painter.stop();
    this._changed();
  }

  _changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/**
 * @param {WatchSession} session
 * @param {HTMLVideoElement} video
 */
function attach(session, video) {
  session.addEventListener('media', () => {
    video.srcObject = session.media;
    // Muted playing is allowed everywhere; `autoplay` covers the rest.
    if (session.media !== null) video.play().catch(() => undefined);
  });
}

/** Whether the browser was told to save data. */
function savesData() {
  const { connection } = /** @type {{connection?: {saveData?: boolean}}} */ (/** @type {unknown} */ (navigator));
  return connection?.saveData ?? false;
}
