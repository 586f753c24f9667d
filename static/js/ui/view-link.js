import { ROOT, address } from '../net/address.js';
import { copies } from './copy-button.js';
import { el, setText } from './dom.js';
import { languageTag, msg, t } from './texts.js';

/** @typedef {import('../types.js').NewViewToken} NewViewToken */

const HOUR_S = 3600;
/** @type {[number, string][]} seconds that a link is good for, and in words; the last is the longest that there is */
const LIVES = [
  [HOUR_S, msg('one hour')],
  [24 * HOUR_S, msg('one day')],
  [7 * 24 * HOUR_S, msg('one week')],
  [30 * 24 * HOUR_S, msg('30 days')],
];
const USUAL_S = 24 * HOUR_S;

/** Makes links with a view token for a stream that is watched with one, and shows the newest with its QR code. */
export class ViewLink {
  /**
   * @param {string} id that its fields begin with
   * @param {(lifeS: number) => Promise<NewViewToken | string>} make resolves with what was made, or with what went wrong
   */
  constructor(id, make) {
    this._make = make;
    const options = LIVES.map(([seconds, words]) => el('option', { value: seconds }, t(words)));
    this._life = el('select', { id: `${id}-life` }, ...options);
    this._life.value = String(USUAL_S);
    this._submit = el('button', { type: 'submit', class: 'button compact' }, t('Make a link'));
    this._fault = el('p', { class: 'fault', role: 'alert', hidden: true });
    const field = el('div', { class: 'field' }, el('label', { for: `${id}-life` }, t('Good for')), this._life);
    const form = el('form', {}, field, this._submit);
    this._link = el('a', { target: '_blank', rel: 'noopener', translate: 'no' });
    this._until = el('p', { class: 'muted small' });
    this._picture = el('img', { alt: t('QR code of the link'), width: 260, height: 260 });
    this._copy = el('button', { type: 'button', class: 'button compact' }, t('Copy'));
    copies(this._copy, () => this._link.href);
    this._made = el('div', { class: 'made', role: 'status', hidden: true });
    this.root = el('details', { class: 'view-link', hidden: true }, el('summary', {}, t('Make a share link')), form, this._fault, this._made);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this._send();
    });
  }

  /** @param {{view?: string} | null} stream null: it is not live */
  update(stream) {
    // A stream that anybody may watch is shared by its plain address.
    this.root.hidden = stream?.view !== 'token';
  }

  async _send() {
    this._submit.disabled = true;
    try {
      const made = await this._make(Number(this._life.value));
      this._fault.hidden = typeof made !== 'string';
      setText(this._fault, typeof made === 'string' ? made : '');
      if (typeof made !== 'string') this._show(made);
    } finally {
      this._submit.disabled = false;
    }
  }

  /** @param {NewViewToken} made */
  _show({ stream, token, expires_at: end }) {
    const name = encodeURIComponent(stream);
    const secret = encodeURIComponent(token);
    this._link.href = address(`watch/${name}?token=${secret}`);
    setText(this._link, this._link.href.replace(/^https?:\/\//, ''));
    setText(this._until, t('Whoever has this link may watch until {time}.', { time: new Date(end).toLocaleString(languageTag()) }));
    this._picture.src = address(`api/v1/streams/${name}/qr?base=${encodeURIComponent(ROOT)}&token=${secret}`);
    // Only now: a link without words has no name.
    this._made.replaceChildren(this._link, this._until, this._copy, this._picture);
    this._made.hidden = false;
  }
}
