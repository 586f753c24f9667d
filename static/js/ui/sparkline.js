import { el, setText, svg } from './dom.js';
import { t } from './texts.js';

const LENGTH = 60;
const WIDTH = 120;
const HEIGHT = 36;

/**
 * The line through values, oldest left, as path data; the right edge is now. Pure.
 *
 * @param {number[]} values at most `LENGTH`
 * @param {number} ceiling value at the top edge
 * @returns {string} empty for fewer than two values
 */
export function linePath(values, ceiling) {
  if (values.length < 2) return '';
  const step = WIDTH / (LENGTH - 1);
  // The right edge is now: a new line grows from the right instead of being stretched.
  const left = WIDTH - (values.length - 1) * step;
  const points = values.map((value, index) => {
    const y = HEIGHT - (Math.min(value, ceiling) / ceiling) * (HEIGHT - 2) - 1;
    return `${(left + index * step).toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${points.join('L')}`;
}

/** The last minute of one figure. */
export class Sparkline {
  /**
   * @param {string} name
   * @param {(value: number) => string} words
   */
  constructor(name, words) {
    this._name = name;
    this._words = words;
    /** @type {number[]} */
    this._values = [];
    this._now = el('b', { class: 'figures' }, '–');
    this._line = svg('path');
    this._area = svg('path', { class: 'area' });
    this._picture = svg(
      'svg',
      { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': name },
      this._area,
      this._line,
    );
    const caption = el('div', { class: 'caption' }, el('span', {}, name), this._now);
    this.root = el('div', { class: 'trend' }, caption, this._picture);
  }

  /** @param {number | null | undefined} value null or undefined: not known now, leaves the line as it is */
  push(value) {
    if (value === null || value === undefined) return;
    this._values.push(value);
    if (this._values.length > LENGTH) this._values.shift();
    const most = Math.max(...this._values);
    const least = Math.min(...this._values);
    // 15 % of space above the maximum; at least 1, so that a line of zeros is not divided by zero.
    const path = linePath(this._values, Math.max(most * 1.15, 1));
    this._line.setAttribute('d', path);
    const start = path.slice(1).split(' ')[0];
    this._area.setAttribute('d', path === '' ? '' : `${path}L${WIDTH} ${HEIGHT}L${start} ${HEIGHT}Z`);
    setText(this._now, this._words(value));
    const label = t('{name}, last minute: {least} to {most}', { name: this._name, least: this._words(least), most: this._words(most) });
    this._picture.setAttribute('aria-label', label);
  }
}
