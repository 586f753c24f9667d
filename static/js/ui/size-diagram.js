import { setText, svg } from './dom.js';
import { size } from './format.js';

const WIDTH = 320;
const HEIGHT = 150;
/** The largest drawing of the enhanced size, in units of the drawing: space for its frame stays around it. */
const SPACE = { width: 236, height: 118 };

/** The size as sent, drawn inside the size that viewers get; both to one scale. */
export class SizeDiagram {
  constructor() {
    this._after = svg('rect', { class: 'after', rx: 5 });
    this._before = svg('rect', { class: 'before', rx: 3 });
    this._afterText = svg('text', { class: 'after-text', 'text-anchor': 'end' });
    this._beforeText = svg('text', { 'text-anchor': 'middle' });
    this.root = svg(
      'svg',
      { class: 'growth', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' },
      this._after,
      this._before,
      this._afterText,
      this._beforeText,
    );
    this._key = '';
  }

  /**
   * @param {{width: number, height: number}} before
   * @param {{width: number, height: number} | null} after
   */
  update(before, after) {
    const key = `${size(before)} ${size(after)}`;
    // The list is polled; rewriting the attributes of every card would repaint them all for nothing.
    if (key === this._key || !(before.width > 0)) return;
    this._key = key;
    // Without an enhanced size the source is drawn as if it were doubled, so that cards of one source size look
    // alike.
    const whole = after ?? { width: before.width * 2, height: before.height * 2 };
    const scale = Math.min(SPACE.width / whole.width, SPACE.height / whole.height);
    this._after.toggleAttribute('hidden', after === null);
    place(this._after, whole, scale);
    const inner = place(this._before, before, scale);
    const outer = { right: (WIDTH + whole.width * scale) / 2, bottom: (HEIGHT + whole.height * scale) / 2 };
    this._afterText.setAttribute('x', String(outer.right - 7));
    this._afterText.setAttribute('y', String(outer.bottom - 7));
    setText(this._afterText, after === null ? '' : String(after.height) + 'p');
    this._beforeText.setAttribute('x', String(WIDTH / 2));
    this._beforeText.setAttribute('y', String(inner.y + inner.height / 2 + 3));
    setText(this._beforeText, `${before.height}p`);
  }
}

/**
 * @param {SVGRectElement} rect
 * @param {{width: number, height: number}} picture
 * @param {number} scale
 */
function place(rect, picture, scale) {
  const box = { width: picture.width * scale, height: picture.height * scale, x: 0, y: 0 };
  box.x = (WIDTH - box.width) / 2;
  box.y = (HEIGHT - box.height) / 2;
  for (const [key, value] of Object.entries(box)) rect.setAttribute(key, value.toFixed(1));
  return box;
}
