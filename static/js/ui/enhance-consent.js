/** The broadcaster's say in whether viewers may see the stream enhanced: at going live, and while it is live. */

import { ApiError, request } from '../net/api.js';
import { address } from '../net/address.js';

const KEY = 'sharpcast.enhance';

/** @typedef {{stream: string, token: string}} LiveStream */

export class EnhanceConsent {
  /**
   * @param {HTMLInputElement} box
   * @param {() => LiveStream | null} live the stream that is live now, null while none is
   * @param {(words: string) => void} tell shows what went wrong; an empty text takes it away
   */
  constructor(box, live, tell) {
    this._box = box;
    this._live = live;
    this._tell = tell;
    // Remembered: whoever wants the original wants it next time too.
    box.checked = localStorage.getItem(KEY) !== 'false';
    box.addEventListener('change', () => void this._change());
  }

  /**
   * @param {string} endpoint of WHIP
   * @returns {string} the same with what the broadcaster allows
   */
  on(endpoint) {
    const url = new URL(endpoint, location.href);
    url.searchParams.set('enhance', String(this._box.checked));
    return url.href;
  }

  async _change() {
    localStorage.setItem(KEY, String(this._box.checked));
    const live = this._live();
    if (live === null) return;
    const headers = { 'Content-Type': 'application/json' };
    if (live.token !== '') Object.assign(headers, { Authorization: `Bearer ${live.token}` });
    const body = JSON.stringify({ enhance: this._box.checked });
    try {
      await request(address(`api/v1/streams/${encodeURIComponent(live.stream)}/consent`), { method: 'PUT', body, headers });
      this._tell('');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // What the box says is what viewers see.
      this._box.checked = !this._box.checked;
      this._tell(error.message);
    }
  }
}
