/**
 * The player of one stream: two layers, a divider, the badge, the card. The watch page and `<sharpcast-player>` have
 * it in common; what differs (statistics, styles, a page's address) is theirs.
 *
 * Emits `change` whenever what is shown may have changed, `view` when the view did, and `token` when somebody entered a
 * token to watch.
 *
 * @typedef {'source' | 'split' | 'enhanced'} View
 * @typedef {{stream: string, iceServers: RTCIceServer[], root: string, token?: string}} Place a stream, where its server begins,
 *   and the token to watch it, if one is needed
 */

import { Arrivals } from '../media/arrivals.js';
import { PairPlayback } from '../media/pair-playback.js';
import { composed, pngOf, save, stillName } from '../media/still.js';
import { PictureEvents } from '../net/picture-events.js';
import { partOf, setText } from './dom.js';
import { size } from './format.js';
import { HoldCompare } from './hold-compare.js';
import { PictureBadge } from './picture-badge.js';
import { SplitSlider } from './split-slider.js';
import { t } from './texts.js';
import { cardFor } from './watch-card.js';

export class PlayerView extends EventTarget {
  /**
   * @param {Document | ShadowRoot} root that has the parts
   * @param {Place} place
   */
  constructor(root, place) {
    super();
    this._root = root;
    this._stream = place.stream;
    /** @type {<T extends Element>(id: string, kind: new () => T) => T} */
    const part = (id, kind) => partOf(root, id, kind);
    this._part = part;
    this.arrivals = new Arrivals();
    this.stage = part('stage', HTMLElement);
    this.videos = { source: part('source', HTMLVideoElement), enhanced: part('enhanced', HTMLVideoElement) };
    const canvases = {
      source: part('source-frame', HTMLCanvasElement),
      enhanced: part('enhanced-frame', HTMLCanvasElement),
    };
    /** The token to watch, empty without one. */
    this.token = place.token ?? '';
    this.playback = new PairPlayback(place.stream, place.iceServers, this.videos, canvases, place);
    this.events = new PictureEvents(this.playback.enhanced);
    this.slider = new SplitSlider(this.stage, part('split', HTMLElement), () => this._moved());
    this.holding = new HoldCompare(this.stage, this.slider, () => this._changed());
    this.holding.attach(part('compare', HTMLButtonElement));
    const badge = part('enhanced-label', HTMLButtonElement);
    this.badge = new PictureBadge(badge, part('details', HTMLElement), part('spoken', HTMLElement));
    this._lastSplit = 50;
    /** Its parts may be gone. */
    this._isOver = false;
    this._listen();
  }

  /** @param {View} view */
  start(view) {
    this.show(view);
    this._changed();
    this.playback.start();
  }

  stop() {
    this.holding.stop();
    this.events.stop();
    this.playback.stop();
    this._isOver = true;
  }

  /** @returns {View} */
  get view() {
    if (this.slider.value === 0) return 'enhanced';
    return this.slider.value === 100 ? 'source' : 'split';
  }

  /** @param {string | null | undefined} view anything else than the three views is `split` */
  show(view) {
    if (view === 'enhanced') this.slider.value = 0;
    else if (view === 'source') this.slider.value = 100;
    else this.slider.value = this.view === 'split' ? 50 : this._lastSplit;
  }

  /** @param {string} token to watch, from now on */
  authorize(token) {
    this.token = token;
    this.playback.authorize(token);
    this._changed();
  }

  /** What the player is about, for card and badges. */
  get situation() {
    const { enhanced } = this.playback;
    return {
      state: enhanced.state,
      played: enhanced.played,
      picture: this.playback.hasPicture('enhanced'),
      trouble: enhanced.trouble,
      waitMs: enhanced.retryAt - performance.now(),
      sinceMs: performance.now() - enhanced.since,
      arrival: this.arrivals.kind(this.videos.enhanced.paused),
    };
  }

  retry() {
    this.playback.enhanced.retry();
    for (const video of Object.values(this.videos)) video.play().catch(() => undefined);
  }

  /**
   * Saves the same frame of both sides as one PNG.
   *
   * @returns {Promise<string>} the file's name; empty where there was no pair of frames
   */
  async saveStill() {
    const pair = await this.playback.pair();
    if (pair === null) {
      this.playback.settle();
      return '';
    }
    const { source, enhanced } = pair;
    const date = new Date();
    const { view } = this.events;
    const captions = {
      source: `${t('Original, {size}', { size: size(source) })} · ${this._stream} · ${date.toISOString()}`,
      enhanced: view?.why === ''
        ? t('Enhanced by {net}, {size}', { net: view.net, size: size(enhanced) })
        : t('Not enhanced, {size}', { size: size(enhanced) }),
    };
    // Drawn before anything is awaited: the next pair would paint over this one.
    const canvas = composed(source, enhanced, captions);
    this.playback.settle();
    const name = stillName(this._stream, date);
    save(await pngOf(canvas), name);
    return name;
  }

  /** Shows states; called by the owner too, since seconds count down. */
  render() {
    if (this._isOver) return;
    const { situation } = this;
    Object.assign(this.stage.dataset, {
      view: this.view,
      paint: this.view !== 'enhanced' && this.playback.aligned ? 'canvas' : 'video',
      source: String(this.playback.hasPicture('source')),
      playing: String(situation.state === 'playing' && situation.picture),
      held: String(this.holding.isHeld),
    });
    for (const button of this._root.querySelectorAll('.views button')) {
      if (button instanceof HTMLElement) button.setAttribute('aria-pressed', String(button.dataset.view === this.view));
    }
    this._showCard(cardFor(situation));
  }

  _listen() {
    for (const button of this._root.querySelectorAll('.views button')) {
      if (button instanceof HTMLElement) button.addEventListener('click', () => this.show(button.dataset.view));
    }
    this._part('card-retry', HTMLElement).addEventListener('click', () => this.retry());
    this._part('card-token', HTMLElement).addEventListener('submit', (event) => this._useToken(event));
    const keep = this._part('keep', HTMLInputElement);
    keep.addEventListener('change', () => this.playback.keepSource(keep.checked));
    this.videos.enhanced.addEventListener('resize', () => this._fitStage());
    this.playback.addEventListener('change', () => this._changed());
    this.events.addEventListener('picture', () => this.badge.update(this.events.view));
  }

  /** @param {Event} event of the card's form */
  _useToken(event) {
    event.preventDefault();
    const field = this._part('card-token-value', HTMLInputElement);
    const token = field.value.trim();
    if (token === '') return field.focus();
    field.value = '';
    this.authorize(token);
    this.dispatchEvent(new Event('token'));
  }

  _moved() {
    if (this.view === 'split') this._lastSplit = this.slider.value;
    this.playback.showSplit(this.slider.value);
    this.dispatchEvent(new Event('view'));
  }

  _changed() {
    if (this._isOver) return;
    this.render();
    this.dispatchEvent(new Event('change'));
  }

  _fitStage() {
    const { videoWidth, videoHeight } = this.videos.enhanced;
    // The size is 0 while connections change. The stage keeps its shape then, or the page would jump.
    if (videoWidth === 0 || videoHeight === 0) return;
    this._part('player', HTMLElement).style.setProperty('--aspect', (videoWidth / videoHeight).toFixed(4));
  }

  /** @param {import('./watch-card.js').Card | null} card */
  _showCard(card) {
    const box = this._part('card', HTMLElement);
    const retry = this._part('card-retry', HTMLElement);
    const form = this._part('card-token', HTMLElement);
    const focused = [retry, form].find((each) => each.contains(this._root.activeElement));
    box.hidden = card === null;
    retry.hidden = card === null || !card.retry;
    form.hidden = !card?.asksToken;
    // What had the focus is gone; without this the keyboard would start at the top of the page again.
    if (focused?.hidden) this._part('player', HTMLElement).focus({ preventScroll: true });
    // Said by a region that is always there, without the seconds, so that screen readers say it once.
    setText(this._part('announcement', HTMLElement), card === null ? '' : t('{title}. {text}', { title: card.title, text: card.text }));
    if (card === null) return;
    box.dataset.tone = card.tone;
    setText(this._part('card-title', HTMLElement), card.title);
    setText(this._part('card-words', HTMLElement), card.text);
    setText(this._part('card-when', HTMLElement), card.when ?? '');
  }
}
