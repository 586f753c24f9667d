import { el, setText } from './dom.js';
import { sentence } from './format.js';
import { plural, t } from './texts.js';

/** @typedef {import('../types.js').Model} Model */

/** The nets a stream can be enhanced with. Those that no worker can use are shown too, with the reason. */
export class ModelChoice {
  /**
   * @param {string} id of the control
   * @param {(name: string) => void} choose
   * @param {string} none words of a first choice that names no model; empty: there is no such choice
   */
  constructor(id, choose, none = '') {
    this._none = none;
    this._select = el('select', { id });
    this._count = el('summary', { id: `${id}-missing` });
    this._reasons = el('dl');
    this.root = el('div', { class: 'field' }, el('label', { for: id }, t('Model')), this._select);
    /** Why some cannot be chosen; hidden where all can. */
    this.missing = el('details', { class: 'missing', hidden: true }, this._count, this._reasons);
    this._select.addEventListener('change', () => choose(this._select.value));
  }

  /** @param {Model[]} models */
  offer(models) {
    const chosen = this._select.value;
    const none = this._none === '' ? [] : [el('option', { value: '' }, this._none)];
    this._select.replaceChildren(...none, ...models.map(option));
    if (chosen !== '') this._choose(chosen);
    const missing = models.filter((model) => model.missing !== '');
    this.missing.hidden = missing.length === 0;
    // A hidden description would be read out all the same.
    if (missing.length > 0) this._select.setAttribute('aria-describedby', this._count.id);
    else this._select.removeAttribute('aria-describedby');
    setText(this._count, plural('{n} model cannot be used now', '{n} models cannot be used now', missing.length));
    this._reasons.replaceChildren(...missing.map(reason));
  }

  /** The name of the model that is chosen; empty where none is. */
  get value() {
    return this._select.value;
  }

  /** @param {string} name of the model in use; not shown while somebody chooses */
  update(name) {
    if (document.activeElement !== this._select && name !== '') this._choose(name);
  }

  /** @param {string} name */
  _choose(name) {
    const offered = [...this._select.options].some((one) => one.value === name);
    // A worker may run a model that no list names any more. Without an entry the control would show another model
    // as the one in use.
    if (!offered) this._select.append(el('option', { value: name }, name));
    this._select.value = name;
  }
}

/** @param {Model} model */
function option({ name, title, missing }) {
  const usable = missing === '';
  return el('option', { value: name, disabled: !usable }, usable ? title || name : t('{name} – not usable now', { name: title || name }));
}

/** @param {Model} model */
function reason({ name, title, missing }) {
  return el('div', {}, el('dt', {}, title || name), el('dd', {}, sentence(missing)));
}
