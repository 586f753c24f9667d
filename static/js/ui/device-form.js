import { copies } from './copy-button.js';
import { el, setText } from './dom.js';
import { nameFault } from './format.js';
import { languageTag, t } from './texts.js';

/** @typedef {import('../types.js').NewDevice} NewDevice */

/** The form that makes a token for one device, and shows the command with it, once. */
export class DeviceForm {
  /** @param {(name: string) => Promise<NewDevice | string>} add resolves with what was made, or with what went wrong */
  constructor(add) {
    this._add = add;
    this._name = el('input', {
      id: 'device-name',
      type: 'text',
      autocomplete: 'off',
      spellcheck: 'false',
      maxlength: 64,
      'aria-describedby': 'device-name-hint',
    });
    this._error = el('p', { class: 'fault', role: 'alert', hidden: true });
    this._submit = el('button', { type: 'submit', class: 'button primary' }, t('Make a token'));
    const hint = el('p', { id: 'device-name-hint', class: 'hint' }, t('Empty: the one that the device has.'));
    this._form = el(
      'form',
      { novalidate: true },
      el('div', { class: 'field' }, el('label', { for: 'device-name' }, t('Name')), this._name, hint),
      this._error,
      this._submit,
    );
    this._command = el('code', { tabindex: '0', 'aria-label': t('Command for the device') });
    this._until = el('p', { class: 'hint' });
    const copy = el('button', { type: 'button', class: 'button compact' }, t('Copy'));
    copies(copy, () => this._command.textContent ?? '');
    const done = el('button', { type: 'button', class: 'button compact' }, t('Done'));
    done.addEventListener('click', () => this._close());
    this._made = el(
      'div',
      { class: 'new-device', role: 'status', hidden: true },
      el('p', {}, t('Run this on the device, where Sharpcast is installed. The token is shown this once.')),
      el('pre', {}, this._command),
      el('div', { class: 'actions' }, copy, done),
      this._until,
    );
    const summary = el('summary', {}, t('Add a device'));
    this.root = el('details', { class: 'add-device' }, summary, this._form, this._made);
    this._form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this._send();
    });
  }

  async _send() {
    const name = this._name.value.trim();
    // The words are those for the name of a stream; the rule is the same.
    const fault = name === '' ? '' : nameFault(name);
    this._name.setAttribute('aria-invalid', String(fault !== ''));
    this._showFault(fault);
    if (fault !== '') return this._name.focus();
    this._submit.disabled = true;
    this._submit.setAttribute('aria-busy', 'true');
    try {
      const made = await this._add(name);
      this._showFault(typeof made === 'string' ? made : '');
      if (typeof made !== 'string') this._show(made);
    } finally {
      this._submit.disabled = false;
      this._submit.removeAttribute('aria-busy');
    }
  }

  /** @param {NewDevice} made */
  _show(made) {
    setText(this._command, made.command);
    setText(this._until, t('It can join until {time}.', { time: new Date(made.expires_at).toLocaleString(languageTag()) }));
    this._form.hidden = true;
    this._made.hidden = false;
    this._form.reset();
    this._command.focus();
  }

  _close() {
    // The token must not stay in the page longer than it is needed.
    setText(this._command, '');
    this._made.hidden = true;
    this._form.hidden = false;
    this.root.open = false;
    this.root.querySelector('summary')?.focus();
  }

  /** @param {string} words */
  _showFault(words) {
    setText(this._error, words);
    this._error.hidden = words === '';
  }
}
