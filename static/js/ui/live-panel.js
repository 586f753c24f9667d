import { Api, ApiError } from '../net/api.js';
import { VisiblePoller } from './poller.js';
import { RecordingControl } from './recording-control.js';
import { ViewLink } from './view-link.js';

/** @typedef {import('./enhance-consent.js').LiveStream} LiveStream */

const PERIOD_MS = 2000;

/** What the broadcaster of a live stream may do on the server with the token or key that they typed: record, share. */
export class LivePanel {
  /**
   * @param {HTMLElement} root
   * @param {() => LiveStream | null} live the stream that is live now, null while none is
   */
  constructor(root, live) {
    this._root = root;
    this._live = live;
    this._api = new Api(() => this._live()?.token ?? '');
    this._recording = new RecordingControl((mode) => this._act((stream) => this._api.chooseRecording(stream, mode)));
    this._viewLink = new ViewLink('link', (lifeS) => this._act((stream) => this._api.makeViewToken(stream, lifeS)));
    root.append(this._recording.root, this._viewLink.root);
    this._poller = new VisiblePoller(() => this._refresh(), PERIOD_MS);
  }

  /** Called whenever the broadcast begins or ends. */
  update() {
    this._poller.stop();
    if (this._live() === null) this._show(null);
    else this._poller.start();
  }

  async _refresh() {
    const asked = this._live();
    if (asked === null) return;
    let stream = null;
    try {
      stream = await this._api.stream(asked.stream);
    } catch (error) {
      // The broadcast itself says that the server is away.
      if (!(error instanceof ApiError)) throw error;
    }
    if (this._live()?.stream === asked.stream) this._show(stream);
  }

  /** @param {import('../types.js').Stream | null} stream */
  _show(stream) {
    this._recording.update(stream?.recording ?? null);
    this._viewLink.update(stream);
    this._root.hidden = stream === null;
  }

  /**
   * @template T
   * @param {(stream: string) => Promise<T>} task
   * @returns {Promise<T | string>} what came of it, or what went wrong
   */
  async _act(task) {
    const live = this._live();
    if (live === null) return '';
    try {
      return await task(live.stream);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error.message;
    }
  }
}
