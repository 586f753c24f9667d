/** The badge on the picture: enhanced, by which net, or the original, and why. Its button shows details. */

import { el, setText } from './dom.js';
import { badgeWords, detailRows, ENHANCED, spokenWords } from './picture-words.js';
import { t } from './texts.js';

/** A state must last so long before it is read out: a screen reader is not to tell of every moment. */
const SETTLED_MS = 1500;

export class PictureBadge {
  /**
   * @param {HTMLButtonElement} button the badge
   * @param {HTMLElement} panel that the button opens
   * @param {HTMLElement} announcer a live region
   */
  constructor(button, panel, announcer) {
    this._button = button;
    this._panel = panel;
    this._announcer = announcer;
    this._title = el('b', {}, t(ENHANCED));
    this._detail = el('span', { class: 'figures' });
    button.replaceChildren(this._title, this._detail);
    button.hidden = true;
    this._sentence = el('p');
    this._table = el('dl', { class: 'figures' });
    panel.replaceChildren(this._sentence, this._table);
    this._timer = 0;
    this._spoken = '';
    /** @type {import('../net/picture-events.js').PictureView | null} */
    this._view = null;
    /** @type {import('../types.js').Stream | null} */
    this._stream = null;
    button.addEventListener('click', () => this.open(this._panel.hidden));
    for (const part of [button, panel]) {
      part.addEventListener('keydown', (event) => event.key === 'Escape' && !panel.hidden && this._escape(event));
    }
  }

  /** @param {boolean} isOpen */
  open(isOpen) {
    this._panel.hidden = !isOpen;
    this._button.setAttribute('aria-expanded', String(isOpen));
    if (isOpen) this._showDetails();
  }

  /** @param {import('../net/picture-events.js').PictureView | null} view null: nothing is known */
  update(view) {
    this._view = view;
    this._button.hidden = view === null;
    if (view === null) {
      this.open(false);
      return;
    }
    const { title, detail, isEnhanced } = badgeWords(view);
    setText(this._title, title);
    setText(this._detail, detail);
    this._button.dataset.enhanced = String(isEnhanced);
    if (!this._panel.hidden) this._showDetails();
    this._announce(spokenWords(view));
  }

  /** @param {import('../types.js').Stream | null} stream as the API has it */
  showStream(stream) {
    this._stream = stream;
    if (!this._panel.hidden) this._showDetails();
  }

  /** @param {KeyboardEvent} event */
  _escape(event) {
    event.stopPropagation();
    this.open(false);
    this._button.focus();
  }

  _showDetails() {
    if (this._view === null) return;
    setText(this._sentence, badgeWords(this._view).sentence);
    const rows = detailRows(this._view, this._stream);
    const pairs = [...this._table.children];
    rows.forEach(([name, value], index) => {
      const row = pairs[index] ?? this._table.appendChild(el('div', {}, el('dt'), el('dd')));
      setText(row.children[0], name);
      setText(row.children[1], value);
    });
    for (const extra of pairs.slice(rows.length)) extra.remove();
  }

  /** @param {string} words */
  _announce(words) {
    if (words === this._spoken) return;
    this._spoken = words;
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => setText(this._announcer, words), SETTLED_MS);
  }
}
