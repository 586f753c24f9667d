/**
 * The divider between two layers: mouse, touch and keys. Its value is the source's part in percent, 0 to 100:
 * 0 shows the enhanced picture alone, 100 the source alone.
 */

import { t } from './texts.js';

const CENTRE = 50;

/**
 * What a key does to the value; null where the key is not ours.
 *
 * @param {string} key
 * @param {boolean} coarse shift held
 * @param {number} value
 * @returns {number | null}
 */
export function keyedValue(key, coarse, value) {
  const step = coarse ? 10 : 2;
  /** @type {Record<string, number>} */
  const targets = {
    ArrowLeft: value - step,
    ArrowDown: value - step,
    ArrowRight: value + step,
    ArrowUp: value + step,
    PageDown: value - 10,
    PageUp: value + 10,
    Home: 0,
    End: 100,
  };
  return Object.hasOwn(targets, key) ? clamped(targets[key]) : null;
}

/** @param {number} value */
function clamped(value) {
  return Math.min(100, Math.max(0, value));
}

export class SplitSlider {
  /**
   * @param {HTMLElement} stage gets `--split`
   * @param {HTMLElement} handle the element with role=slider
   * @param {(value: number) => void} onChange
   */
  constructor(stage, handle, onChange) {
    this._stage = stage;
    this._handle = handle;
    this._onChange = onChange;
    this._value = CENTRE;
    this._dragging = -1;
    handle.addEventListener('keydown', (event) => this._onKey(event));
    stage.addEventListener('pointerdown', (event) => this._onDown(event));
    stage.addEventListener('pointermove', (event) => this._onMove(event));
    for (const end of ['pointerup', 'pointercancel']) {
      stage.addEventListener(end, () => (this._dragging = -1));
    }
    stage.addEventListener('dblclick', (event) => {
      if (this.isOurs(event)) this.value = CENTRE;
    });
    this._show();
  }

  get value() {
    return this._value;
  }

  set value(value) {
    // A tenth of a percent is less than a pixel of most pictures; finer values would only repeat the work.
    const next = Math.round(clamped(value) * 10) / 10;
    if (next === this._value) return;
    this._value = next;
    this._show();
    this._onChange(next);
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const next = keyedValue(event.key, event.shiftKey, this._value);
    if (next === null) return;
    event.preventDefault();
    this.value = next;
  }

  /** @param {PointerEvent} event */
  _onDown(event) {
    if (event.button !== 0 || !this.isOurs(event)) return;
    // At the edges only the handle drags, so that a tap on a whole picture does not split it.
    const onHandle = event.target instanceof Node && this._handle.contains(event.target);
    if (!onHandle && !this.isSplit) return;
    this.grab(event);
  }

  /** Whether both sides are seen. */
  get isSplit() {
    return this._value > 0 && this._value < 100;
  }

  /**
   * Drags the divider with a pointer that is down already.
   *
   * @param {PointerEvent} event
   */
  grab(event) {
    this._dragging = event.pointerId;
    // With the capture a drag goes on outside the picture and ends wherever the button is let go.
    this._stage.setPointerCapture(event.pointerId);
    this._onMove(event);
  }

  /** @param {PointerEvent} event */
  _onMove(event) {
    // A second finger has another id, and must not pull the divider to itself.
    if (event.pointerId !== this._dragging) return;
    const box = this._stage.getBoundingClientRect();
    if (box.width > 0) this.value = ((event.clientX - box.left) / box.width) * 100;
  }

  /**
   * Whether something happened to the picture, and not to what lies on it.
   *
   * @param {Event} event
   */
  isOurs({ target }) {
    return target instanceof Element && target.closest('button, .card, .details, a') === null;
  }

  _show() {
    const source = Math.round(this._value);
    this._stage.style.setProperty('--split', `${this._value}%`);
    this._handle.setAttribute('aria-valuenow', String(source));
    this._handle.setAttribute('aria-valuetext', t('{source} % source, {enhanced} % enhanced', { source, enhanced: 100 - source }));
  }
}
