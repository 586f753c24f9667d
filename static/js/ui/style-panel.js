import { el, setText } from './dom.js';
import { styleWords } from './format.js';
import { StyleSlider } from './style-slider.js';
import { t } from './texts.js';

/** The style on the watch page: a slider for those who may change it, words for everybody else. */
export class StylePanel {
  /**
   * @param {HTMLElement} root
   * @param {() => boolean} mayChange
   * @param {(strength: number) => Promise<boolean>} send as for StyleSlider
   */
  constructor(root, mayChange, send) {
    this._root = root;
    this._mayChange = mayChange;
    this._slider = new StyleSlider('style-strength', send);
    this._slider.describeBy('style-hint');
    this._words = el('b', { class: 'figures' });
    this._fixed = el('p', {}, t('Style:'), ' ', this._words);
    this._hint = el('p', { id: 'style-hint', class: 'muted small' });
    root.append(this._slider.root, this._fixed, this._hint);
  }

  /** @param {import('../types.js').Enhancement | null} enhancement null: the stream is not live */
  update(enhancement) {
    this._root.hidden = !enhancement?.adjustable;
    if (enhancement === null) return;
    const mine = this._mayChange();
    this._slider.update(mine ? enhancement : { ...enhancement, adjustable: false });
    this._fixed.hidden = mine;
    setText(this._words, styleWords(enhancement.strength));
    setText(this._hint, mine ? t('For all viewers of the stream.') : t('Set by the operator, for all viewers.'));
  }
}
