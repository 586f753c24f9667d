/** The watch page: both renditions on the same frame, a divider between them. */

import { pathParts, ROOT } from '../net/address.js';
import { Api, ApiError } from '../net/api.js';
import { AWAY } from '../net/trouble.js';
import { shownRendition } from '../media/shown-rendition.js';
import { StatsMeter } from '../media/stats.js';
import { DeviceTint } from '../ui/device-tint.js';
import { byId, setText } from '../ui/dom.js';
import { counted, nameFault } from '../ui/format.js';
import { StylePanel } from '../ui/style-panel.js';
import { PlayerControls } from '../ui/player-controls.js';
import { openPage } from '../ui/page-texts.js';
import { listenToKeys } from '../ui/player-keys.js';
import { PlayerView } from '../ui/player-view.js';
import { VisiblePoller } from '../ui/poller.js';
import { AUTO, RenditionChoice } from '../ui/rendition-choice.js';
import { StatsPanel } from '../ui/stats-panel.js';
import { t } from '../ui/texts.js';
import { TokenStore } from '../ui/token-store.js';
import { takeViewToken } from '../ui/view-token.js';
import { badgeFor } from '../ui/watch-card.js';

const PERIOD_MS = 1000;
/** So many answers in a row must say "not live" before we believe them over our own connection. */
const ABSENT_LIMIT = 3;

/** So long without a byte makes the server's word "not live", or its silence, believable at once. */
const SILENCE_MS = 1500;
/** So long after it played a stream is expected back, and asked for so often. */
const EXPECT_MS = 20000;
const HURRY_MS = 400;
/** So long without a byte is said in words. */
const STILL_MS = 4000;

class WatchPage {
  /**
   * @param {string} stream
   * @param {Pick<import('../types.js').Server, 'ice_servers' | 'admin_token_needed' | 'instance'>} server
   */
  constructor(stream, { ice_servers: iceServers, admin_token_needed: tokenNeeded, instance }) {
    this._stream = stream;
    this._instance = instance;
    this._isAway = false;
    this._isGone = false;
    this._playedAt = 0;
    this._tokens = new TokenStore('admin');
    this._viewTokens = takeViewToken(stream);
    // An operator's token opens every stream, and the key of a stream may change its settings.
    this._api = new Api(() => this._tokens.get() || this._viewTokens.get());
    this._viewApi = new Api(() => this.player.token);
    const token = this._viewTokens.get() || this._tokens.get();
    this.player = new PlayerView(document, { stream, iceServers, root: ROOT, token });
    /** When the state began in which the API wanted another token; it is asked again in the next one. */
    this._refusedSince = -1;
    this.playback = this.player.playback;
    this._arrivals = this.player.arrivals;
    this._videos = this.player.videos;
    this._absences = 0;
    this._hasSound = false;
    this._meters = { source: new StatsMeter('inbound-rtp'), enhanced: new StatsMeter('inbound-rtp') };
    this._controls = new PlayerControls(this._videos.enhanced);
    this._statsBox = byId('stats', HTMLElement);
    this._panel = new StatsPanel(this._statsBox);
    const mayChange = () => !tokenNeeded || this._tokens.get() !== '';
    this._style = new StylePanel(byId('style', HTMLElement), mayChange, (strength) => this._changeStyle(strength));
    this._rendition = AUTO;
    /** @type {import('../media/stats.js').VideoStats | null} what is decoded */
    this._decoded = null;
    this._choice = new RenditionChoice(byId('rendition', HTMLElement), (name) => this._choose(name));
    const tint = {
      canvas: byId('tint', HTMLCanvasElement),
      button: byId('tint-toggle', HTMLElement),
      legend: byId('legend', HTMLElement),
    };
    this._tint = new DeviceTint(tint, () => this._viewApi.teamMap(this._stream, this._enhanced));
    this._poller = new VisiblePoller(() => this._tick(), PERIOD_MS);
    this.player.addEventListener('change', () => this._show());
    this.player.addEventListener('token', () => this._viewTokens.set(this.player.token));
    this._listen();
  }

  /**
   * @param {string | null} view of the query
   * @param {string | null} rendition of the query
   */
  open(view, rendition) {
    if (rendition !== null) this._choose(rendition);
    this.player.start(view === 'source' || view === 'enhanced' ? view : 'split');
    this._poller.start();
  }

  /** The enhanced rendition whose makers are shown. */
  get _enhanced() {
    return [AUTO, 'source', 'smaller'].includes(this._rendition) ? 'enhanced' : this._rendition;
  }

  /** @param {string} name of a rendition, or `auto` */
  _choose(name) {
    this._rendition = name;
    this.playback.choose(name);
    // In the address, so that a reload and a link that is passed on show the same rendition. Replaced, because a
    // choice is no page to go back to.
    const place = new URL(location.href);
    if (name === AUTO) place.searchParams.delete('rendition');
    else place.searchParams.set('rendition', name);
    history.replaceState(null, '', place);
  }

  _listen() {
    byId('stats-toggle', HTMLElement).addEventListener('click', () => this._toggleStats());
    byId('still', HTMLElement).addEventListener('click', () => void this._saveStill());
    addEventListener('online', () => this.playback.enhanced.retry());
    document.addEventListener('visibilitychange', () => document.hidden || this.playback.enhanced.retry());
    addEventListener('pagehide', () => this.player.stop());
    // Back from the browser's memory: the connections are gone, so begin anew.
    addEventListener('pageshow', (event) => event.persisted && location.reload());
    const player = {
      show: (/** @type {string} */ view) => this.player.show(view),
      holding: this.player.holding,
      saveStill: () => void this._saveStill(),
    };
    listenToKeys(document, player, {
      s: () => this._toggleStats(),
      t: () => this._tint.toggle(),
      m: () => this._controls.toggleSound(),
      f: () => void this._controls.toggleFullscreen(),
    });
  }

  async _saveStill() {
    const name = await this.player.saveStill();
    setText(byId('saved', HTMLElement), name === '' ? t('No still: the same frame of both sides did not come.') : t('Saved as {name}.', { name }));
  }

  _toggleStats() {
    this._statsBox.hidden = !this._statsBox.hidden;
    byId('stats-toggle', HTMLElement).setAttribute('aria-expanded', String(!this._statsBox.hidden));
    this._poller.now();
  }

  _show() {
    const { situation } = this.player;
    const [words, tone] = badgeFor(situation);
    const badge = byId('state', HTMLElement);
    setText(badge, words);
    Object.assign(badge.dataset, { state: situation.state, tone });
    const hasAudio = (this.playback.enhanced.media?.getAudioTracks().length ?? 0) > 0;
    if (situation.picture && hasAudio && this._hasSound) this._controls.offerSound();
  }

  async _tick() {
    const [stream] = await Promise.all([this._askServer(), this._measure()]);
    if (stream === undefined) this._noticeAbsence();
    else await this._noticeReturn();
    if (stream !== undefined) this._showServer(stream);
    this.player.render();
    this._show();
    this._expectReturn();
  }

  /** A stream that played until just now is likely to be back within seconds, so it is asked for more often. */
  _expectReturn() {
    const now = performance.now();
    if (this.playback.enhanced.state === 'playing') this._playedAt = now;
    else if (this._playedAt > 0 && now - this._playedAt < EXPECT_MS && !document.hidden) {
      // Spread by a quarter to both sides: all viewers of a stream that paused are in this state at once.
      setTimeout(() => this._poller.now(), HURRY_MS * (0.75 + Math.random() / 2));
    }
  }

  /** The server does not answer. Media may flow on all the same; without it there is nothing to wait for. */
  _noticeAbsence() {
    this._isAway = true;
    if (this._arrivals.silentMs > SILENCE_MS) this.playback.enhanced.lose(AWAY);
  }

  /** Another run of the server knows nothing of our sessions, though the browser may not have noticed yet. */
  async _noticeReturn() {
    if (!this._isAway) return;
    const { instance } = await askServer();
    if (instance === '') return;
    this._isAway = false;
    // An empty name means that the server did not answer when the page was opened, so there is nothing to compare
    // with.
    if (this._instance !== '' && this._instance !== instance) this.playback.enhanced.lose(AWAY);
    this._instance = instance;
    this.playback.enhanced.retry();
  }

  /** @returns {Promise<import('../types.js').Stream | null | undefined>} null: not live; undefined: no answer */
  async _askServer() {
    this._isGone = false;
    const { since } = this.playback.enhanced;
    if (this._refusedSince === since) return null;
    try {
      const stream = await this._viewApi.stream(this._stream);
      return stream.state === 'live' ? stream : null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this._isGone = error.status === 404;
      // The session says so too, and asks for a token. A second one of wrong tokens each second would be too many.
      const isRefused = error.status === 401 || error.status === 403;
      if (isRefused) this._refusedSince = since;
      return this._isGone || isRefused ? null : undefined;
    }
  }

  async _measure() {
    const { source, enhanced } = this.playback;
    const [before, after] = await Promise.all([
      read(source.peer, this._meters.source),
      read(enhanced.peer, this._meters.enhanced),
    ]);
    this._arrivals.note(enhanced.peer, after, performance.now());
    this._decoded = after;
    const { matched, dropped } = this.playback.painter.matcher;
    const pairs = { matched, unmatched: dropped.enhanced, aligned: this.playback.aligned };
    this._panel.showPlayback(before, after, pairs);
  }

  /** @param {import('../types.js').Stream | null} stream */
  _showServer(stream) {
    // Counted in a row: an answer that crossed the stream's return must not end what plays.
    this._absences = this._isGone ? this._absences + 1 : 0;
    const isSilent = this._arrivals.silentMs > SILENCE_MS;
    if (this._absences >= (isSilent ? 2 : ABSENT_LIMIT)) this.playback.enhanced.absent();
    // The API shows the stream sooner than the next planned try, which is seconds away.
    if (stream !== null && this.playback.enhanced.state === 'waiting') this.playback.enhanced.retry();
    this._hasSound = stream?.audio ?? false;
    this.player.badge.showStream(stream);
    this._panel.showServer(stream);
    this._style.update(stream && stream.enhancement);
    const isThere = stream !== null && this.playback.hasPicture('enhanced');
    const shown = isThere ? shownRendition(stream.renditions, this._decoded) : null;
    if (stream !== null) this._choice.update(stream.renditions, this._rendition, shown);
    setText(byId('viewers', HTMLElement), stream ? counted(stream.viewers, 'viewer') : '');
    setText(byId('note', HTMLElement), this._noteOf(stream));
  }

  /** @param {import('../types.js').Stream | null} stream */
  _noteOf(stream) {
    if (stream?.reason) return stream.reason;
    if (this.playback.hasPicture('enhanced') && this._arrivals.silentMs > STILL_MS) {
      return t('The picture stands still: nothing comes from the broadcast at the moment. It goes on by itself.');
    }
    const reason = stream && stream.enhancement.state !== 'enhancing' ? stream.enhancement.reason : '';
    return reason ? t('Shown without enhancement for now. {reason}', { reason }) : '';
  }

  /**
   * @param {number} strength
   * @returns {Promise<boolean>} whether the server accepted it
   */
  async _changeStyle(strength) {
    try {
      this._style.update((await this._api.changeStream(this._stream, { strength })).enhancement);
      this._showError('');
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The slider gives way to words once there is no token, instead of being refused again and again.
      if (error.status === 401) this._tokens.set('');
      this._showError(error.status === 401 ? t('The token was not accepted. {reason}', { reason: error.message }) : error.message);
      return false;
    }
  }

  /** @param {string} words */
  _showError(words) {
    const box = byId('error', HTMLElement);
    setText(box, words);
    box.hidden = words === '';
  }
}

/**
 * @param {RTCPeerConnection | null} peer
 * @param {StatsMeter} meter
 */
async function read(peer, meter) {
  if (peer === null) {
    meter.reset();
    return null;
  }
  return meter.read((await peer.getStats()).values());
}

/** What the page needs to know; the least of it where the server does not answer: the session will say so. */
async function askServer() {
  try {
    return await new Api().server();
  } catch (error) {
    if (error instanceof ApiError) return { ice_servers: [], admin_token_needed: true, instance: '' };
    throw error;
  }
}

await openPage();
const stream = decodeURIComponent(pathParts(location.pathname)[1] ?? '');
document.title = `${stream} · Sharpcast`;
setText(byId('title', HTMLElement), stream);
if (nameFault(stream) === '') {
  const page = new WatchPage(stream, await askServer());
  exposeTo(page);
  const query = new URLSearchParams(location.search);
  page.open(query.get('view'), query.get('rendition'));
} else {
  setText(byId('note', HTMLElement), t("This is no stream's address. {fault}", { fault: nameFault(stream) }));
  setText(byId('state', HTMLElement), t('No such stream'));
}

/**
 * Read-only, for tests and for a curious console.
 *
 * @param {WatchPage} page
 */
function exposeTo({ playback, player: { slider, events } }) {
  const { painter } = playback;
  const player = {
    get state() { return playback.enhanced.state; },
    get sourceState() { return playback.source.state; },
    get split() { return slider.value; },
    get aligned() { return playback.aligned; },
    get picture() { return events.view && { ...events.view }; },
    get peers() { return { source: playback.source.peer, enhanced: playback.enhanced.peer }; },
  };
  const frames = {
    get matched() { return painter.matcher.matched; },
    get unmatched() { return painter.matcher.dropped.enhanced; },
    get dropped() { return { ...painter.matcher.dropped }; },
    get held() { return painter.matcher.held; },
    get last() { return painter.lastPair && { ...painter.lastPair }; },
  };
  const state = Object.freeze({ player: Object.freeze(player), frames: Object.freeze(frames) });
  Object.defineProperty(window, 'sharpcast', { value: state });
}
