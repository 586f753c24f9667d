import { copies } from './copy-button.js';
import { el, setText } from './dom.js';
import { t } from './texts.js';

/**
 * @typedef {import('../types.js').NewKey} NewKey
 * @typedef {import('../types.js').KeySettings} KeySettings
 */

const DAY_S = 24 * 3600;

/** The form that makes a stream key, and the place where its secret is shown, once. */
export class KeyForm {
  /** @param {(settings: KeySettings) => Promise<NewKey | string>} add resolves with what was made, or with what went wrong */
  constructor(add) {
    this._add = add;
    this._streams = el('input', { id: 'key-streams', type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 64, required: true, 'aria-describedby': 'key-streams-hint' });
    this._note = el('input', { id: 'key-note', type: 'text', autocomplete: 'off', maxlength: 200 });
    this._days = el('input', { id: 'key-days', type: 'number', min: 0, max: 3650, value: 0 });
    this._kbps = el('input', { id: 'key-kbps', type: 'number', min: 0, value: 0 });
    this._view = el(
      'select',
      { id: 'key-view' },
      el('option', { value: 'public' }, t('Everybody')),
      el('option', { value: 'unlisted' }, t('Whoever knows the name')),
      el('option', { value: 'token' }, t('Whoever has a token')),
    );
    this._error = el('p', { class: 'fault', role: 'alert', hidden: true });
    this._submit = el('button', { type: 'submit', class: 'button primary' }, t('Make a key'));
    this._form = this._fields();
    this._secret = el('code', { tabindex: '0', 'aria-label': t('Secret of the key') });
    this._title = el('p', {});
    const copy = el('button', { type: 'button', class: 'button compact' }, t('Copy'));
    copies(copy, () => this._secret.textContent ?? '');
    const done = el('button', { type: 'button', class: 'button compact' }, t('Done'));
    done.addEventListener('click', () => this._close());
    this._made = el(
      'div',
      { class: 'new-device', role: 'status', hidden: true },
      this._title,
      el('pre', {}, this._secret),
      el('div', { class: 'actions' }, copy, done),
    );
    const summary = el('summary', {}, t('Make a stream key'));
    this.root = el('details', { class: 'add-device' }, summary, this._form, this._made);
    this._form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this._send();
    });
  }

  _fields() {
    const hint = el('p', { id: 'key-streams-hint', class: 'hint' }, t('A name, or a pattern: * stands for any characters, ? for one.'));
    return el(
      'form',
      { novalidate: true },
      el('div', { class: 'field' }, el('label', { for: 'key-streams' }, t('Streams')), this._streams, hint),
      el('div', { class: 'field' }, el('label', { for: 'key-note' }, t('Whose key it is')), this._note),
      el('div', { class: 'field' }, el('label', { for: 'key-days' }, t('Days until it expires, 0 for never')), this._days),
      el('div', { class: 'field' }, el('label', { for: 'key-kbps' }, t('Most kbit/s of a stream, 0 for any')), this._kbps),
      el('div', { class: 'field' }, el('label', { for: 'key-view' }, t('Who may watch')), this._view),
      this._error,
      this._submit,
    );
  }

  async _send() {
    const streams = this._streams.value.trim();
    const fault = streams === '' ? t('Name a stream or a pattern of names.') : '';
    this._streams.setAttribute('aria-invalid', String(fault !== ''));
    this._showFault(fault);
    if (fault !== '') return this._streams.focus();
    this._submit.disabled = true;
    try {
      const made = await this._add({
        streams,
        note: this._note.value.trim(),
        life_s: Math.max(0, Math.round(Number(this._days.value))) * DAY_S,
        view: this._view.value,
        limits: { kbps: Math.max(0, Math.round(Number(this._kbps.value))) },
      });
      if (typeof made === 'string') this._showFault(made);
      else this.show(made);
    } finally {
      this._submit.disabled = false;
    }
  }

  /**
   * Shows the secret of a key that was made or got another one.
   *
   * @param {NewKey} made
   */
  show(made) {
    setText(this._title, t('The secret of the key for {streams}. It is shown this once.', { streams: made.key.streams }));
    setText(this._secret, made.secret);
    this._form.hidden = true;
    this._made.hidden = false;
    this.root.open = true;
    this._secret.focus();
  }

  _close() {
    // The secret must not stay in the page, where the next person at the desk would find it.
    setText(this._secret, '');
    this._made.hidden = true;
    this._form.hidden = false;
    this._streams.value = '';
    this._note.value = '';
    this.root.open = false;
  }

  /** @param {string} words */
  _showFault(words) {
    setText(this._error, words);
    this._error.hidden = words === '';
  }
}
