import { ENCODED_CODECS } from '../net/codecs.js';
import { el, setText } from './dom.js';
import { ModelChoice } from './model-choice.js';
import { msg, t } from './texts.js';

/** @typedef {import('../types.js').RenditionSpec} RenditionSpec */

/** Rendition names, as in wire/keys.py; the endings are those of logs in one codec. */
const NAME = /^[a-z0-9][a-z0-9-]{0,15}$/;
const TAKEN_ENDINGS = Object.keys(ENCODED_CODECS).map((codec) => `-${codec}`);
const FACTORS = {
  0: msg('As the model has it'), 1: msg('Same size, cleaned up'), 2: msg('2 times'), 3: msg('3 times'), 4: msg('4 times'),
};
const CODECS = { '': msg("The worker's choice"), ...ENCODED_CODECS };

/**
 * @param {string} name
 * @returns {string} what is wrong with it, empty where nothing is
 */
export function renditionFault(name) {
  if (name === '') return t('Give the rendition a name.');
  if (!NAME.test(name)) return t('A name has 1 to 16 lower-case letters, digits and "-", a letter or digit first.');
  if (name === 'source' || name === 'enhanced') return t('“{name}” is there already.', { name });
  const ending = TAKEN_ENDINGS.find((one) => name.endsWith(one));
  return ending === undefined ? '' : t('A name does not end in "{ending}".', { ending });
}

/**
 * @param {string} id
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} hint
 */
function field(id, label, control, hint = '') {
  control.id = id;
  const parts = [el('label', { for: id }, label), control];
  if (hint !== '') {
    control.setAttribute('aria-describedby', `${id}-hint`);
    parts.push(el('p', { id: `${id}-hint`, class: 'hint' }, hint));
  }
  return el('div', { class: 'field' }, ...parts);
}

/** @param {Record<string, string>} options words by value */
function choice(options) {
  return el('select', {}, ...Object.entries(options).map(([value, words]) => el('option', { value }, t(words))));
}

/** The form that adds a rendition to a stream; closed until somebody opens it. */
export class RenditionForm {
  /**
   * @param {string} stream
   * @param {(name: string, spec: RenditionSpec) => Promise<string>} add resolves with what went wrong, empty where nothing did
   */
  constructor(stream, add) {
    this._add = add;
    const id = `rendition-${stream}`;
    this._name = el('input', { type: 'text', autocomplete: 'off', spellcheck: 'false', maxlength: 16, required: true });
    this._model = new ModelChoice(`${id}-model`, () => undefined, t('Default'));
    this._factor = choice(FACTORS);
    this._codec = choice(CODECS);
    this._kbps = el('input', { type: 'number', min: 100, max: 200000, step: 1, inputmode: 'numeric' });
    this._error = el('p', { class: 'fault', role: 'alert', hidden: true });
    this._submit = el('button', { type: 'submit', class: 'button primary' }, t('Add rendition'));
    this._form = el(
      'form',
      { novalidate: true },
      field(`${id}-name`, t('Name'), this._name, t('Players name it in the address: rendition=NAME.')),
      this._model.root,
      field(`${id}-factor`, t('Enlargement'), this._factor),
      field(`${id}-codec`, t('Codec'), this._codec),
      field(`${id}-kbps`, t('Bitrate in kbit/s'), this._kbps, t('Empty: by the size of the picture.')),
      this._error,
      this._submit,
    );
    this.root = el('details', { class: 'add-rendition' }, el('summary', {}, t('Add a rendition')), this._form);
    this._form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this._send();
    });
  }

  /** @param {import('../types.js').Model[]} models */
  offer(models) {
    this._model.offer(models);
  }

  async _send() {
    const name = this._name.value.trim();
    const kbps = this._kbps.value === '' ? 0 : Number(this._kbps.value);
    // The server checks the same and more. Here the person is told before anything is sent, at the field.
    const nameFault = renditionFault(name);
    const kbpsFault = this._kbps.checkValidity() ? '' : t('The bitrate is 100 to 200000 kbit/s.');
    this._name.setAttribute('aria-invalid', String(nameFault !== ''));
    this._kbps.setAttribute('aria-invalid', String(kbpsFault !== ''));
    this._showFault(nameFault || kbpsFault);
    if (nameFault !== '' || kbpsFault !== '') {
      (nameFault === '' ? this._kbps : this._name).focus();
      return;
    }
    const spec = { model: this._model.value, factor: Number(this._factor.value), codec: this._codec.value, kbps };
    this._submit.disabled = true;
    this._submit.setAttribute('aria-busy', 'true');
    setText(this._submit, t('Adding…'));
    try {
      const words = await this._add(name, spec);
      this._showFault(words);
      if (words !== '') return;
      // Only after success: after a refusal the person corrects one field and keeps the rest.
      this._form.reset();
      this.root.open = false;
    } finally {
      this._submit.disabled = false;
      this._submit.removeAttribute('aria-busy');
      setText(this._submit, t('Add rendition'));
    }
  }

  /** @param {string} words */
  _showFault(words) {
    setText(this._error, words);
    this._error.hidden = words === '';
  }
}
