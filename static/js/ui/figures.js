import { el, setText } from './dom.js';
import { t } from './texts.js';

/** Named figures as a description list. */
export class Figures {
  /**
   * @param {string[]} names in order, English; they are shown in the language of the page
   * @param {string[]} wide those with long words
   */
  constructor(names, wide = []) {
    this._values = new Map(names.map((name) => [name, el('dd')]));
    this.root = el('dl', { class: 'figures-grid figures' });
    for (const [name, value] of this._values) {
      const place = { class: wide.includes(name) ? 'wide' : 'narrow' };
      this.root.append(el('div', place, el('dt', {}, t(name)), value));
    }
  }

  /** @param {Record<string, string>} values by name; those not given stay */
  update(values) {
    for (const [name, words] of Object.entries(values)) {
      const cell = this._values.get(name);
      if (cell === undefined) throw new Error(`there is no figure "${name}"`);
      setText(cell, words);
    }
  }
}
