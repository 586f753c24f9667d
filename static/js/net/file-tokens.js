/**
 * The tokens that stand in addresses of files: view tokens only. Knows no page.
 *
 * A video element sets no headers. An address gets into histories, downloads and logs of proxies, so any other token is
 * exchanged for a view token, which is for one stream and ends.
 */

import { ApiError } from './api.js';

/** As long as the server gives one to whoever may watch. */
const LIFE_S = 6 * 3600;
/** What is opened may be played for long. */
const MIN_LEFT_MS = LIFE_S * 500;

export class FileTokens {
  /**
   * @param {() => string} token gives the person's token, or an empty string
   * @param {(stream: string, lifeS: number) => Promise<import('../types.js').NewViewToken>} make
   * @param {() => number} now Unix ms
   */
  constructor(token, make, now = Date.now) {
    this._token = token;
    this._make = make;
    this._now = now;
    this._of = '';
    /** @type {Map<string, {token: string, endMs: number}>} by stream */
    this._made = new Map();
  }

  /**
   * @param {string} stream
   * @returns {string | null} what may stand in addresses of its files, empty for none; null: it is not known yet
   */
  get(stream) {
    const token = this._token();
    if (token === '' || token.startsWith('vt_')) return token;
    return this._left(stream) > 0 ? this._made.get(stream)?.token ?? null : null;
  }

  /**
   * Makes the token of a stream known, with some hours left. Throws ApiError.
   *
   * @param {string} stream
   */
  async prepare(stream) {
    const token = this._token();
    if (this.get(stream) === token || this._left(stream) > MIN_LEFT_MS) return;
    const made = await this._exchange(stream);
    if (this._token() !== token) return;
    if (this._of !== token) this._made.clear();
    this._of = token;
    this._made.set(stream, made);
  }

  /** @param {string} stream */
  async _exchange(stream) {
    try {
      const { token, expires_at: end } = await this._make(stream, LIFE_S);
      return { token, endMs: Date.parse(end) };
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
      // It is for other streams; what a list shows beside those is public.
      return { token: '', endMs: this._now() + LIFE_S * 1000 };
    }
  }

  /** @param {string} stream */
  _left(stream) {
    const made = this._of === this._token() ? this._made.get(stream) : undefined;
    return made === undefined ? 0 : made.endMs - this._now();
  }
}
