import { el, say } from './dom.js';
import { lookWords } from './format.js';
import { LookSlider } from './look-slider.js';

/** The look on the watch page: a slider for those who may change it, words for everybody else. */
export class LookPanel {
  /**
   * @param {HTMLElement} root
   * @param {() => boolean} mayChange
   * @param {(strength: number) => Promise<boolean>} send as for LookSlider
   */
  constructor(root, mayChange, send) {
    this._root = root;
    this._mayChange = mayChange;
    this._slider = new LookSlider('look-strength', send);
    this._slider.describeBy('look-hint');
    this._words = el('b', { class: 'figures' });
    this._fixed = el('p', {}, 'Look: ', this._words);
    this._hint = el('p', { id: 'look-hint', class: 'muted small' });
    root.append(this._slider.root, this._fixed, this._hint);
  }

  /** @param {import('../types.js').Enhancement | null} enhancement null: the stream is not live */
  update(enhancement) {
    this._root.hidden = !enhancement?.adjustable;
    if (enhancement === null) return;
    const mine = this._mayChange();
    this._slider.update(mine ? enhancement : { ...enhancement, adjustable: false });
    this._fixed.hidden = mine;
    say(this._words, lookWords(enhancement.strength));
    say(this._hint, mine ? 'For all viewers of the stream.' : 'Set by the operator, for all viewers.');
  }
}
