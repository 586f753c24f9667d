/**
 * The element `<sharpcast-player>`: one stream with its views, badge, hold to compare and stills, on any page.
 *
 * Attributes: `src` (address of a watch page), `view` (`source`, `split` or `enhanced`), `rendition`, `muted` (`false`
 * tries to begin with sound), `keep-original`, `label`, `token` (to watch, where one is needed; else that in the query of
 * `src`). Properties of the same names, and `state` and `picture`.
 * Events, none of which bubble: `statechange`, `viewchange`, `picturechange`, `still`.
 */

import { Api, ApiError } from '../net/api.js';
import { el } from '../ui/dom.js';
import { translate } from '../ui/page-texts.js';
import { t } from '../ui/texts.js';
import { listenToKeys } from '../ui/player-keys.js';
import { PlayerControls } from '../ui/player-controls.js';
import { PlayerView } from '../ui/player-view.js';
import { VisiblePoller } from '../ui/poller.js';
import { playerParts } from './parts.js';
import { parseSource } from './source-address.js';
import { styleSheets } from './styles.js';

const PERIOD_MS = 1000;

export class SharpcastPlayer extends HTMLElement {
  static observedAttributes = ['src', 'view', 'rendition', 'keep-original', 'token'];

  constructor() {
    super();
    this._root = this.attachShadow({ mode: 'open', delegatesFocus: true });
    /** @type {PlayerView | null} */
    this._player = null;
    /** @type {VisiblePoller | null} */
    this._poller = null;
    this._state = '';
    this._hasSound = false;
    /** Counts the beginnings: what an earlier one still waits for is not used. */
    this._turn = 0;
    this._onHide = () => this._end();
    // Back from the browser's memory, where connections do not live on.
    this._onShow = (/** @type {PageTransitionEvent} */ event) => void (event.persisted && this._begin());
  }

  /** Called by the browser. A moved element is taken away and put back at once, so it begins anew. */
  connectedCallback() {
    addEventListener('pagehide', this._onHide);
    addEventListener('pageshow', this._onShow);
    void this._begin();
  }

  /** Called by the browser. Ends all connections. */
  disconnectedCallback() {
    removeEventListener('pagehide', this._onHide);
    removeEventListener('pageshow', this._onShow);
    this._end();
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} value
   */
  attributeChangedCallback(name, before, value) {
    if (before === value || !this.isConnected) return;
    if (name === 'src') void this._begin();
    else if (name === 'view') this._player?.show(value);
    else if (name === 'token') this._player?.authorize(this.token);
    else if (name === 'rendition') this._player?.playback.choose(value ?? 'auto');
    else this._player?.playback.keepSource(value !== null);
  }

  get src() {
    return this.getAttribute('src') ?? '';
  }

  set src(value) {
    this.setAttribute('src', value);
  }

  /** @returns {import('../ui/player-view.js').View} */
  get view() {
    return this._player?.view ?? viewOf(this.getAttribute('view'));
  }

  set view(value) {
    // The same value again must count too: the viewer may have moved the divider since.
    if (this.getAttribute('view') === value) this._player?.show(value);
    else this.setAttribute('view', value);
  }

  get rendition() {
    return this.getAttribute('rendition') ?? 'auto';
  }

  set rendition(value) {
    this.setAttribute('rendition', value);
  }

  /** The token to watch: what somebody entered, else the attribute's, else that of `src`; empty without one. */
  get token() {
    return this.getAttribute('token') ?? parseSource(this.src, document.baseURI).token;
  }

  set token(value) {
    this.setAttribute('token', value);
  }

  get muted() {
    return this._player?.videos.enhanced.muted ?? true;
  }

  set muted(value) {
    if (this._player !== null) this._player.videos.enhanced.muted = value;
  }

  /** State of the session: `stopped`, `connecting`, `playing`, `waiting` or `retrying`. */
  get state() {
    return this._player?.playback.enhanced.state ?? 'stopped';
  }

  /** What is shown, as the event `picture` of WHEP tells it; null while nothing is known. */
  get picture() {
    return this._player?.events.view ?? null;
  }

  /** Saves a still; resolves with the name of the file, empty where there was none. */
  async saveStill() {
    const name = await (this._player?.saveStill() ?? '');
    if (name !== '') this.dispatchEvent(new CustomEvent('still', { detail: { name } }));
    return name;
  }

  async _begin() {
    this._end();
    const turn = this._turn;
    const { root, stream, fault } = parseSource(this.src, document.baseURI);
    if (fault !== '') {
      this._root.replaceChildren(el('p', { role: 'alert' }, fault));
      return;
    }
    try {
      const [sheets, server] = await Promise.all([styleSheets(), askServer(root)]);
      if (turn !== this._turn || !this.isConnected) return;
      this._root.adoptedStyleSheets = sheets;
      this._play({ stream, root, iceServers: server.ice_servers, token: this.token });
    } catch (error) {
      if (!(error instanceof TypeError) && !(error instanceof ApiError)) throw error;
      if (turn === this._turn) this._root.replaceChildren(el('p', { role: 'alert' }, t('The player cannot be loaded from its server.')));
    }
  }

  /** @param {import('../ui/player-view.js').Place} place */
  _play(place) {
    const parts = playerParts(this.getAttribute('label') ?? t('Live stream {name}', { name: place.stream }));
    // Pages of others load no words: it stays English there.
    translate(parts);
    this._root.replaceChildren(parts);
    const player = new PlayerView(this._root, place);
    this._player = player;
    const controls = new PlayerControls(player.videos.enhanced, this._root);
    const still = () => void this.saveStill();
    this._root.getElementById('still')?.addEventListener('click', still);
    listenToKeys(parts, { show: (view) => player.show(view), holding: player.holding, saveStill: still }, {
      m: () => controls.toggleSound(),
      f: () => void controls.toggleFullscreen(),
    });
    player.addEventListener('change', () => this._changed(controls));
    player.addEventListener('view', () => this.dispatchEvent(new CustomEvent('viewchange', { detail: { view: player.view } })));
    player.events.addEventListener('picture', () =>
      this.dispatchEvent(new CustomEvent('picturechange', { detail: player.events.view })));
    if (this.hasAttribute('rendition')) player.playback.choose(this.rendition);
    if (this.getAttribute('muted') === 'false') player.videos.enhanced.muted = false;
    player.playback.keepSource(this.hasAttribute('keep-original'));
    player.start(viewOf(this.getAttribute('view')));
    this._poller = new VisiblePoller(async () => player.render(), PERIOD_MS);
    this._poller.start();
  }

  /** @param {PlayerControls} controls */
  _changed(controls) {
    const { state } = this;
    if (this._hasSound && this._player?.playback.hasPicture('enhanced')) controls.offerSound();
    if (state === this._state) return;
    this._state = state;
    if (state === 'playing') void this._learn();
    this.dispatchEvent(new CustomEvent('statechange', { detail: { state } }));
  }

  /** Asks once for what only the API knows: sound, style and the size of the source. */
  async _learn() {
    const turn = this._turn;
    const { root, stream } = parseSource(this.src, document.baseURI);
    try {
      const view = await new Api(() => this._player?.token ?? '', root).stream(stream);
      if (turn !== this._turn) return;
      this._hasSound = view.audio;
      this._player?.badge.showStream(view);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  _end() {
    this._turn += 1;
    this._state = '';
    this._hasSound = false;
    this._poller?.stop();
    this._player?.stop();
    this._player = null;
    this._root.replaceChildren();
  }
}

/**
 * @param {string | null} text
 * @returns {import('../ui/player-view.js').View}
 */
function viewOf(text) {
  return text === 'source' || text === 'enhanced' ? text : 'split';
}

/**
 * What the player needs to know; the least of it where the server does not answer: the session will say so.
 *
 * @param {string} root
 */
async function askServer(root) {
  try {
    return await new Api(undefined, root).server();
  } catch (error) {
    if (error instanceof ApiError) return { ice_servers: [] };
    throw error;
  }
}
