import { el, setText } from './dom.js';
import { styleWords } from './format.js';
import { OptimisticValue } from './optimistic-value.js';
import { t } from './texts.js';

/** A slider for the style of a stream, from faithful to crisp; hidden if the model has one style only. */
export class StyleSlider {
  /**
   * @param {string} id of the control
   * @param {(strength: number) => Promise<boolean>} send tells the server and says what went wrong; whether it was accepted
   */
  constructor(id, send) {
    this._send = send;
    this._value = new OptimisticValue(0);
    this._timer = 0;
    this._input = el('input', { id, type: 'range', min: 0, max: 1, step: 0.05 });
    this._words = el('span', { class: 'muted figures', 'aria-hidden': 'true' });
    const ends = [t('Faithful'), t('Crisp')].map((words) => el('span', { class: 'muted', 'aria-hidden': 'true' }, words));
    const scale = el('div', { class: 'scale' }, ends[0], this._input, ends[1]);
    const caption = el('div', { class: 'caption' }, el('label', { for: id }, t('Style')), this._words);
    this.root = el('div', { class: 'field style-field', hidden: true }, caption, scale);
    this._listen();
  }

  /** @param {import('../types.js').Enhancement} enhancement */
  update({ strength, adjustable }) {
    this.root.hidden = !adjustable;
    this._value.hear(strength, performance.now());
    this._show();
  }

  /** @param {string} id of the element that says more */
  describeBy(id) {
    this._input.setAttribute('aria-describedby', id);
  }

  _listen() {
    const drop = () => this._value.drop();
    this._input.addEventListener('pointerdown', () => {
      this._value.grab();
      // The hand may let go anywhere.
      for (const end of ['pointerup', 'pointercancel']) addEventListener(end, drop, { once: true });
    });
    this._input.addEventListener('blur', drop);
    this._input.addEventListener('input', () => {
      this._value.move(Number(this._input.value), performance.now());
      this._show();
      this._plan();
    });
    this._input.addEventListener('change', () => {
      // `change` comes when the hand lets go or a key was pressed: the move is over, and the wait can be left out.
      this._value.settle();
      this._plan();
    });
  }

  _plan() {
    clearTimeout(this._timer);
    const { dueAt } = this._value;
    if (dueAt === null) return;
    this._timer = window.setTimeout(() => this._flush(), Math.max(0, dueAt - performance.now()));
  }

  async _flush() {
    const strength = this._value.take(performance.now());
    // One request at a time, and always with the newest value: a drag does not queue up.
    if (strength !== null) await this._change(strength);
    this._plan();
  }

  /** @param {number} strength */
  async _change(strength) {
    let accepted = false;
    try {
      accepted = await this._send(strength);
    } finally {
      this._value.answered(accepted, performance.now());
      this._show();
    }
  }

  _show() {
    const words = styleWords(this._value.shown);
    this._input.value = String(this._value.shown);
    this._input.setAttribute('aria-valuetext', words);
    setText(this._words, words);
  }
}
