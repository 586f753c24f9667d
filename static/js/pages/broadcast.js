/** The broadcast page: capture, publish, tell how it goes. */

import { address } from '../net/address.js';
import { Api, ApiError } from '../net/api.js';
import { PublishSession } from '../net/publish-session.js';
import { StateMachine } from '../net/state-machine.js';
import { parseQuery } from '../media/broadcast-query.js';
import { SizeChooser, lineKbps } from '../media/send-size.js';
import { CaptureError, capture, captureFile, releaseFile } from '../media/capture.js';
import { StatsMeter } from '../media/stats.js';
import { BroadcastForm } from '../ui/broadcast-form.js';
import { byId, setText } from '../ui/dom.js';
import { EnhanceConsent } from '../ui/enhance-consent.js';
import { LivePanel } from '../ui/live-panel.js';
import { openPage } from '../ui/page-texts.js';
import { Preview } from '../ui/preview.js';
import { showMeters } from '../ui/sender-meters.js';
import { msg, t } from '../ui/texts.js';
import { WatchLink } from '../ui/watch-link.js';

/**
 * `opening`, `previewing`: the source is shown here and sent nowhere. `resuming`: it was live, and tries again.
 *
 * @typedef {'idle'|'opening'|'previewing'|'capturing'|'connecting'|'live'|'resuming'|'lost'} State
 */

/** @type {Record<State, Record<string, State>>} */
const TABLE = {
  idle: { begin: 'capturing', preview: 'opening' },
  opening: { captured: 'previewing', fail: 'idle', end: 'idle' },
  previewing: { begin: 'capturing', preview: 'opening', end: 'idle' },
  capturing: { captured: 'connecting', fail: 'idle', end: 'idle' },
  connecting: { connected: 'live', fail: 'idle', end: 'idle' },
  live: { interrupt: 'resuming', lose: 'lost', end: 'idle' },
  resuming: { connected: 'live', lose: 'lost', end: 'idle' },
  lost: { begin: 'capturing', preview: 'opening' },
};

/** @type {Record<State, string[]>} words of the state, tone, words of the button */
const WORDS = {
  idle: [msg('Not live'), 'quiet', msg('Go live')],
  opening: [msg('Opening the source…'), 'warn', msg('Cancel')],
  previewing: [msg('Preview, not live'), 'quiet', msg('Go live')],
  capturing: [msg('Opening the source…'), 'warn', msg('Cancel')],
  connecting: [msg('Connecting…'), 'warn', msg('Cancel')],
  live: [msg('Live'), 'live', msg('End stream')],
  resuming: [msg('Reconnecting…'), 'warn', msg('End stream')],
  lost: [msg('Connection lost'), 'bad', msg('Go live again')],
};

const STATS_MS = 1000;
/** A healthy connection takes less. */
const PATIENCE_MS = 3000;
const BROKEN = msg('Something went wrong in this page. Reload it and try again.');

class BroadcastPage {
  /** @param {HTMLSelectElement} chooser of the language: choosing loads the page anew, which would end a broadcast */
  constructor(chooser) {
    this._languages = chooser;
    this._api = new Api();
    this._form = new BroadcastForm();
    const live = () =>
      this.state === 'live' ? { stream: this._form.name.value.trim(), token: this._form.token.value.trim() } : null;
    this._consent = new EnhanceConsent(byId('consent', HTMLInputElement), live, (words) => this._showError(words));
    this._livePanel = new LivePanel(byId('live-panel', HTMLElement), live);
    this._preview = new Preview();
    this._watchLink = new WatchLink();
    this._previewButton = byId('preview-button', HTMLButtonElement);
    this._badge = byId('state', HTMLElement);
    this._go = byId('go', HTMLButtonElement);
    this._error = byId('error', HTMLElement);
    this._meter = new StatsMeter('outbound-rtp');
    /** @type {import('../types.js').Server | null} */
    this._server = null;
    /** @type {PublishSession | null} */
    this._session = null;
    /** @type {MediaStream | null} */
    this._media = null;
    /** What `_media` was captured by, to tell whether the form still says so. */
    this._captured = '';
    /** @type {SizeChooser | null} null where the sent size is the one of the form */
    this._chooser = null;
    this._timer = 0;
    this._slow = 0;
    this._machine = new StateMachine(TABLE, 'idle', () => this._showState());
    this._form.form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this._machine.accepts('begin')) this.goLive();
      else this.end();
    });
    addEventListener('pagehide', () => this.end());
    addEventListener('online', () => this._session?.hurry());
    document.addEventListener('visibilitychange', () => document.hidden || this._session?.hurry());
    this._previewButton.addEventListener('click', () => (this.state === 'previewing' ? this.end() : this.preview()));
    this._form.form.addEventListener('change', () => this._changed());
  }

  get state() {
    return this._machine.state;
  }

  get peer() {
    return this._session?.peer ?? null;
  }

  async open() {
    const query = parseQuery(location.search);
    this._form.fill(query);
    this._form.recall(new URLSearchParams(location.search));
    this._showState();
    const [server] = await Promise.all([this._askServer(), this._form.listDevices()]);
    if (server?.publish_token_needed) this._form.askForToken(true);
    this._form.offerAutomatic((server?.send_sizes ?? []).length > 0);
    if (query.auto) this.goLive();
  }

  async goLive() {
    this._showError('');
    if (!this._form.check()) return;
    this._form.remember();
    this._machine.on('begin');
    const media = await this._open('capturing');
    if (media === null) return;
    try {
      await this._publish(media);
    } catch (error) {
      this._fail(error);
    }
  }

  /** Shows the source here, and sends it nowhere. */
  async preview() {
    this._showError('');
    this._machine.on('preview');
    await this._open('opening');
  }

  /**
   * @param {State} state in which it is opened
   * @returns {Promise<MediaStream | null>} null: it was cancelled, or it failed and that was said
   */
  async _open(state) {
    try {
      const media = await this._capture();
      // Cancelled while the browser asked for permission. The camera's light would stay on if the tracks were not
      // stopped.
      if (this.state !== state) {
        stopTracks(media);
        return null;
      }
      this._media = media;
      this._machine.on('captured');
      return media;
    } catch (error) {
      this._fail(error);
      return null;
    }
  }

  /** A preview follows the form; the screen is opened only right after a click, so its preview ends. */
  _changed() {
    this._preview.mirror(this._form.isMirrored);
    if (this.state !== 'previewing' || this._captured === this._wanted) return;
    if (this._form.source === 'camera') this.preview();
    else this.end();
  }

  /** What is to be captured, as one word to compare. */
  get _wanted() {
    const { kind, ...options } = this._form.capture;
    return JSON.stringify(kind === 'file' ? [kind, this._form.file?.name, this._form.file?.size] : [kind, options]);
  }

  /** Ends the broadcast, whatever state it is in. */
  end() {
    if (!this._machine.accepts('end')) return;
    this._release();
    this._machine.on('end');
  }

  /** @returns {Promise<MediaStream>} */
  async _capture() {
    // What the preview shows already is sent as it is: no second question, and no moment without a picture.
    if (this._media !== null && this._captured === this._wanted) return this._media;
    this._releaseMedia();
    this._captured = this._wanted;
    const isFile = this._form.source === 'file';
    const media = isFile ? await captureFile(this._preview.video, this._form.file) : await capture(this._form.capture);
    this._form.listDevices();
    this._preview.mirror(this._form.isMirrored);
    await this._preview.show(media, isFile);
    return media;
  }

  /** @param {MediaStream} media */
  async _publish(media) {
    // Asked at the page's opening; once more where the server did not answer then, since the relays stand in it.
    this._server ??= await this._askServer();
    const wanted = this._form.capture;
    this._chooser = this._newChooser(wanted);
    const options = {
      endpoint: this._consent.on(address(`whip/${encodeURIComponent(this._form.name.value.trim())}`)),
      token: this._form.token.value.trim(),
      iceServers: this._server?.ice_servers ?? [],
      maxKbps: this._form.kbps,
      maxFps: wanted.fps,
      size: wanted,
      fraction: this._chooser?.choose(this._form.kbps, performance.now()) ?? 1,
    };
    const session = new PublishSession(options, media, () => this._api.server(), this._server?.instance ?? '');
    this._session = session;
    this._meter.reset();
    session.addEventListener('statechange', () => this._follow(session));
    for (const track of media.getVideoTracks()) {
      // The browser's own "stop sharing" button and an unplugged camera end the track without a word to the page.
      track.addEventListener('ended', () => this._sourceEnded(session));
    }
    session.start();
  }

  /** @param {import('../media/capture.js').CaptureOptions} wanted */
  _newChooser({ width, height, fps }) {
    const sizes = this._server?.send_sizes ?? [];
    if (!this._form.isAutomatic || sizes.length === 0) return null;
    return new SizeChooser(sizes, width * height * fps);
  }

  /** @param {PublishSession} session */
  _follow(session) {
    if (this._session !== session) return;
    const { state, trouble } = session;
    clearInterval(this._timer);
    if (state === 'live') {
      // Kept once the server has accepted it, so that a mistyped token is not filled in again.
      this._form.keepToken();
      this._showError('');
      this._meter.reset();
      this._machine.on('connected');
      this._timer = window.setInterval(() => this._showStats(session), STATS_MS);
    } else if (state === 'resuming') {
      if (this.state === 'live') this._machine.on('interrupt');
      this._showError(t('{trouble} The broadcast goes on by itself as soon as it can.', { trouble: wordsOf(trouble) }));
    } else if (state === 'failed') {
      this._giveUp(session);
    }
  }

  /** @param {PublishSession} session */
  _giveUp({ trouble, error }) {
    const wasLive = this.state === 'resuming' || this.state === 'live';
    this._release();
    this._machine.on(wasLive ? 'lose' : 'fail');
    if (error !== null) {
      this._showError(t(BROKEN));
      throw error;
    }
    this._showError(wordsOf(trouble));
    if (trouble?.asksToken) {
      this._form.askForToken(true);
      this._form.token.focus({ preventScroll: true });
    }
    this._error.scrollIntoView({ block: 'nearest' });
  }

  /** @param {PublishSession} session */
  _sourceEnded(session) {
    if (this._session !== session) return;
    this.end();
    this._showError(t('The source ended: the capture was stopped or the device was removed. Choose it again and go live.'));
  }

  /** @param {unknown} error of capturing */
  _fail(error) {
    if (!this._machine.accepts('fail')) return; // ended by hand meanwhile
    this._release();
    this._machine.on('fail');
    if (!(error instanceof ApiError || error instanceof CaptureError)) {
      this._showError(t(BROKEN));
      throw error;
    }
    this._showError(error.message);
  }

  _release() {
    clearInterval(this._timer);
    const session = this._session;
    this._session = null;
    session?.end();
    this._releaseMedia();
  }

  _releaseMedia() {
    if (this._media !== null) stopTracks(this._media);
    this._media = null;
    this._preview.clear();
    releaseFile(this._preview.video);
  }

  async _askServer() {
    try {
      this._server = await this._api.server();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this._showError(error.message);
    }
    return this._server;
  }

  /** @param {PublishSession} session */
  async _showStats(session) {
    const report = await session.peer?.getStats();
    const stats = report ? this._meter.read(report.values()) : null;
    // The report arrives later; the broadcast may have ended, or begun anew, in between.
    if (stats === null || this._session !== session) return;
    showMeters(stats);
    const kbps = lineKbps(stats.availableKbps, stats.kbps, this._form.kbps, stats.targetKbps);
    await session.fit(this._chooser?.choose(kbps, performance.now()) ?? 1);
  }

  _showState() {
    const [words, tone, button] = WORDS[this.state];
    setText(this._badge, t(words));
    clearTimeout(this._slow);
    if (this.state === 'connecting') {
      this._slow = window.setTimeout(() => setText(this._badge, t('Connecting… it takes longer than usual')), PATIENCE_MS);
    }
    this._badge.dataset.tone = tone;
    this._badge.dataset.state = this.state;
    setText(this._go, t(button));
    const isOpen = this.state !== 'idle' && this.state !== 'lost';
    const busy = isOpen && this.state !== 'previewing';
    this._go.dataset.live = String(this.state === 'live');
    this._form.lock(busy);
    this._languages.disabled = busy;
    this._previewButton.hidden = busy;
    setText(this._previewButton, this.state === 'previewing' ? t('End the preview') : t('Show the preview'));
    byId('preview-empty', HTMLElement).hidden = isOpen;
    this._watchLink.update(this._form.name.value.trim(), this.state === 'live');
    this._livePanel.update();
    if (!busy) showMeters(null);
  }

  /** @param {string} words */
  _showError(words) {
    setText(this._error, words);
    this._error.hidden = words === '';
  }
}

/** @param {import('../net/trouble.js').Trouble | null} trouble */
function wordsOf(trouble) {
  return t('{title}. {text}', { title: t(trouble?.title ?? ''), text: t(trouble?.text ?? '') }).trim();
}

/** @param {MediaStream} media */
function stopTracks(media) {
  for (const track of media.getTracks()) track.stop();
}

const page = new BroadcastPage(await openPage());
// Read-only, for tests and for a curious console.
Object.defineProperty(window, 'sharpcast', {
  value: Object.freeze({
    get state() {
      return page.state;
    },
    get peer() {
      return page.peer;
    },
  }),
});
page.open();
