import { address } from '../net/address.js';
import { WatchSession } from '../net/watch-session.js';
import { el, setText } from './dom.js';
import { t } from './texts.js';

/**
 * @typedef {object} TileParts
 * @property {RTCIceServer[]} iceServers
 * @property {import('./join-pace.js').JoinPace} pace
 * @property {(name: string) => void} enlarge
 * @property {string} token to watch; empty: none
 */

/** One stream in the grid. It plays while it can be seen: the source without sound, or large and enhanced. */
export class GridTile {
  /**
   * @param {string} name
   * @param {TileParts} parts
   */
  constructor(name, { iceServers, pace, enlarge, token }) {
    this.name = name;
    this._pace = pace;
    this._isLarge = false;
    this._isVisible = false;
    this._timer = 0;
    this._session = new WatchSession({ endpoint: this._endpoint, iceServers, audio: false, token });
    this._large = new WatchSession({ endpoint: this._endpoint, iceServers, audio: true, token });
    this._video = el('video', { playsinline: true, 'aria-label': t('Picture of {name}', { name }) });
    this._video.muted = true;
    this._words = el('span', { class: 'words' });
    this._sound = el('button', { type: 'button', class: 'button compact' });
    this._button = el('button', { type: 'button', class: 'enlarge', 'aria-label': t('Enlarge {name}', { name }) });
    const link = el('a', { class: 'button compact', href: address(`watch/${encodeURIComponent(name)}`) }, t('Watch alone'));
    this._bar = el('div', { class: 'bar' }, this._sound, link);
    const caption = el('span', { class: 'caption', 'aria-hidden': 'true' }, name);
    this.root = el('li', { class: 'tile' }, this._video, this._words, caption, this._button, this._bar);
    this._button.addEventListener('click', () => enlarge(name));
    this._sound.addEventListener('click', () => this.toggleSound());
    for (const session of [this._session, this._large]) {
      session.addEventListener('statechange', () => this._show());
      session.addEventListener('media', () => this._take(session));
    }
    this._show();
  }

  update() {}

  /** @param {boolean} isVisible whether it is on the screen */
  see(isVisible) {
    if (isVisible === this._isVisible) return;
    this._isVisible = isVisible;
    this._arrange();
  }

  /** @param {boolean} isLarge */
  enlarge(isLarge) {
    if (isLarge === this._isLarge) return;
    this._isLarge = isLarge;
    // Sound belongs to the large one alone, and begins muted wherever a person has not asked for it.
    if (!isLarge) this._video.muted = true;
    this._arrange();
  }

  toggleSound() {
    this._video.muted = !this._video.muted;
    this._show();
  }

  close() {
    clearTimeout(this._timer);
    this._session.stop();
    this._large.stop();
    this._video.srcObject = null;
  }

  /** The source costs the server a copy of packets and no net; the large one may be enhanced. */
  get _endpoint() {
    const name = encodeURIComponent(this.name);
    return address(this._isLarge ? `whep/${name}?rendition=auto&fallback=source` : `whep/${name}?rendition=source`);
  }

  _arrange() {
    clearTimeout(this._timer);
    const [wanted, other] = this._isLarge ? [this._large, this._session] : [this._session, this._large];
    wanted.moveTo(this._endpoint);
    if (!this._isVisible) {
      wanted.stop();
      other.stop();
    } else if (wanted.state === 'stopped') {
      // Somebody who enlarges waits for it; the small ones have time.
      const waitMs = this._isLarge ? 0 : this._pace.reserve(performance.now());
      this._timer = window.setTimeout(() => wanted.start(), waitMs);
    }
    this._show();
  }

  /** @param {WatchSession} session */
  _take(session) {
    // A session that ends leaves its last picture until the other one has its first.
    if (session.media === null) return;
    this._video.srcObject = session.media;
    this._video.play().catch(() => undefined); // refused where the browser wants a click first
  }

  /**
   * @param {WatchSession} session
   * @returns {string} why there is no picture; empty where there is one
   */
  _wordsOf({ state, trouble }) {
    if (state === 'playing' || this._video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) return '';
    if (trouble !== null) return t(trouble.title);
    return state === 'waiting' ? t('Not live') : t('Connecting…');
  }

  _show() {
    const session = this._isLarge ? this._large : this._session;
    // The other session goes on until this one plays, so that the picture does not go black in between.
    if (session.state === 'playing') (this._isLarge ? this._session : this._large).stop();
    this.root.dataset.large = String(this._isLarge);
    this.root.dataset.state = session.state;
    this._button.hidden = this._isLarge;
    this._bar.hidden = !this._isLarge;
    this._sound.setAttribute('aria-pressed', String(!this._video.muted));
    setText(this._sound, this._video.muted ? t('Unmute') : t('Mute'));
    setText(this._words, this._isVisible ? this._wordsOf(session) : '');
  }
}
