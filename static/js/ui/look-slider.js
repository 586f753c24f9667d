import { el, say } from './dom.js';
import { lookWords } from './format.js';
import { HeldValue } from './held-value.js';

/** A stream's look, from faithful to crisp. There only while the model in use has both. */
export class LookSlider {
  /**
   * @param {string} id of the control
   * @param {(strength: number) => Promise<boolean>} send tells the server and says what went wrong; whether it was accepted
   */
  constructor(id, send) {
    this._send = send;
    this._held = new HeldValue(0);
    this._timer = 0;
    this._input = el('input', { id, type: 'range', min: 0, max: 1, step: 0.05 });
    this._words = el('span', { class: 'muted figures', 'aria-hidden': 'true' });
    const ends = ['Faithful', 'Crisp'].map((words) => el('span', { class: 'muted', 'aria-hidden': 'true' }, words));
    const scale = el('div', { class: 'scale' }, ends[0], this._input, ends[1]);
    const caption = el('div', { class: 'caption' }, el('label', { for: id }, 'Look'), this._words);
    this.root = el('div', { class: 'field look', hidden: true }, caption, scale);
    this._listen();
  }

  /** @param {import('../types.js').Enhancement} enhancement */
  update({ strength, adjustable }) {
    this.root.hidden = !adjustable;
    this._held.hear(strength, performance.now());
    this._show();
  }

  /** @param {string} id of the element that says more */
  describeBy(id) {
    this._input.setAttribute('aria-describedby', id);
  }

  _listen() {
    const drop = () => this._held.drop();
    this._input.addEventListener('pointerdown', () => {
      this._held.grab();
      // The hand may let go anywhere.
      for (const end of ['pointerup', 'pointercancel']) addEventListener(end, drop, { once: true });
    });
    this._input.addEventListener('blur', drop);
    this._input.addEventListener('input', () => {
      this._held.move(Number(this._input.value), performance.now());
      this._show();
      this._plan();
    });
    this._input.addEventListener('change', () => {
      this._held.settle();
      this._plan();
    });
  }

  _plan() {
    clearTimeout(this._timer);
    const { dueAt } = this._held;
    if (dueAt === null) return;
    this._timer = window.setTimeout(() => this._flush(), Math.max(0, dueAt - performance.now()));
  }

  async _flush() {
    const strength = this._held.take(performance.now());
    if (strength !== null) await this._change(strength);
    this._plan();
  }

  /** @param {number} strength */
  async _change(strength) {
    let accepted = false;
    try {
      accepted = await this._send(strength);
    } finally {
      this._held.answered(accepted, performance.now());
      this._show();
    }
  }

  _show() {
    const words = lookWords(this._held.shown);
    this._input.value = String(this._held.shown);
    this._input.setAttribute('aria-valuetext', words);
    say(this._words, words);
  }
}
