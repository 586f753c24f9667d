/** Where viewers watch: the address, a button that copies it, and its QR code for phones. */

import { ROOT, address } from '../net/address.js';
import { copies } from './copy-button.js';
import { byId, setText } from './dom.js';

export class WatchLink {
  constructor() {
    this._box = byId('share', HTMLElement);
    this._link = byId('watch-link', HTMLAnchorElement);
    this._qr = byId('qr', HTMLDetailsElement);
    this._picture = byId('qr-picture', HTMLImageElement);
    this._stream = '';
    copies(byId('copy-link', HTMLElement), () => this._link.href);
    this._qr.addEventListener('toggle', () => this._showCode());
  }

  /**
   * @param {string} stream
   * @param {boolean} isLive
   */
  update(stream, isLive) {
    this._stream = stream;
    this._link.href = address(`watch/${encodeURIComponent(stream)}`);
    setText(this._link, this._link.href.replace(/^https?:\/\//, ''));
    this._box.hidden = !isLive;
    this._showCode();
  }

  /** Made by the server once somebody looks, since a page without libraries has no encoder. */
  _showCode() {
    if (!this._qr.open || this._box.hidden) return;
    const source = address(`api/v1/streams/${encodeURIComponent(this._stream)}/qr?base=${encodeURIComponent(ROOT)}`);
    if (this._picture.src !== source) this._picture.src = source;
  }
}
