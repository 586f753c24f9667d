/** The newest picture of a stream on its card; a drawing of its sizes while there is none. */

import { ApiError } from '../net/api.js';
import { el, setText } from './dom.js';
import { ago } from './format.js';
import { SizeDiagram } from './size-diagram.js';

/** Workers make a picture so often. */
const PERIOD_MS = 5000;
/** A stream that nobody decodes is asked for so often. */
const MISSING_MS = 15000;
/** An older picture is shown with its age. */
const FRESH_MS = 20000;

export class Thumbnail {
  /** @param {() => Promise<{picture: Blob, madeAtMs: number} | null>} ask rejects with ApiError */
  constructor(ask) {
    this._ask = ask;
    this._diagram = new SizeDiagram();
    this._canvas = el('canvas', { 'aria-hidden': 'true', hidden: true });
    this._age = el('span', { class: 'age figures', hidden: true });
    this.root = el('div', { class: 'thumb' }, this._diagram.root, this._canvas, this._age);
    this._dueAt = 0;
    this._madeAtMs = NaN;
    this._isVisible = false;
    this._observer = new IntersectionObserver((entries) => {
      this._isVisible = entries[entries.length - 1].isIntersecting;
      this._askIfDue();
    });
    this._observer.observe(this.root);
  }

  /**
   * @param {import('../types.js').Stream} stream
   * @param {import('../types.js').Rendition | null} better
   */
  update(stream, better) {
    this._diagram.update(stream.source, better);
    this._showAge();
    this._askIfDue();
  }

  /** Forgets the card, which left the list. */
  close() {
    this._observer.disconnect();
  }

  _askIfDue() {
    const now = performance.now();
    // What is scrolled away costs no request.
    if (!this._isVisible || now < this._dueAt) return;
    this._dueAt = now + PERIOD_MS;
    void this._refresh();
  }

  async _refresh() {
    let found = null;
    try {
      found = await this._ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return; // the list says that the server is away
    }
    if (found === null) {
      this._dueAt = performance.now() + MISSING_MS;
      this._canvas.hidden = true;
      this._madeAtMs = NaN;
    } else if (found.madeAtMs !== this._madeAtMs) {
      await this._draw(found.picture);
      this._madeAtMs = found.madeAtMs;
    }
    this._showAge();
  }

  /** @param {Blob} picture */
  async _draw(picture) {
    // Drawn instead of shown by an `img`, whose address would have to be a blob's, which the policy does not allow.
    const bitmap = await createImageBitmap(picture).catch(() => null);
    if (bitmap === null) return;
    this._canvas.width = bitmap.width;
    this._canvas.height = bitmap.height;
    this._canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
    this._canvas.hidden = false;
    bitmap.close();
  }

  _showAge() {
    const ms = Date.now() - this._madeAtMs;
    this._age.hidden = !(ms > FRESH_MS);
    if (ms > FRESH_MS) setText(this._age, ago(ms));
  }
}
