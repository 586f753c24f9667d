/**
 * Shows the other side while a finger, a button or a key is held, and drags the divider in from the edge.
 *
 * On a whole picture: press and hold shows the original (or the enhanced picture, where the original is shown);
 * moving sideways instead draws the divider in; two taps split it in the middle.
 */

/** A press that lasts so long is a hold; a shorter one is a tap. */
const HOLD_MS = 180;
/** CSS pixels that a finger moves before it drags. */
const DRAG_PX = 12;
const DOUBLE_TAP_MS = 320;

export class HoldCompare {
  /**
   * @param {HTMLElement} stage
   * @param {import('./split-slider.js').SplitSlider} slider
   * @param {(isHeld: boolean) => void} onHold
   */
  constructor(stage, slider, onHold) {
    this._slider = slider;
    this._onHold = onHold;
    this._timer = 0;
    this._tappedAt = -Infinity;
    /** @type {PointerEvent | null} */
    this._pressed = null;
    /** @type {number | null} where the divider was before the hold */
    this._before = null;
    stage.addEventListener('pointerdown', (event) => this._onDown(event));
    stage.addEventListener('pointermove', (event) => this._onMove(event));
    stage.addEventListener('pointerup', (event) => this._onUp(event));
    stage.addEventListener('pointercancel', () => this._cancel());
    // The long press of a phone would open a menu over the comparison.
    stage.addEventListener('contextmenu', (event) => this.isHeld && event.preventDefault());
    this._onBlur = () => this.release();
    addEventListener('blur', this._onBlur);
  }

  /** Ends it for good. */
  stop() {
    this._cancel();
    removeEventListener('blur', this._onBlur);
  }

  get isHeld() {
    return this._before !== null;
  }

  /** Shows the other side until `release`. */
  hold() {
    if (this.isHeld) return;
    this._before = this._slider.value;
    this._slider.value = this._before === 100 ? 0 : 100;
    this._onHold(true);
  }

  release() {
    if (this._before === null) return;
    const before = this._before;
    this._before = null;
    this._slider.value = before;
    this._onHold(false);
  }

  /**
   * A button that compares while it is held, by pointer, space or enter.
   *
   * @param {HTMLElement} button
   */
  attach(button) {
    button.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      button.setPointerCapture(event.pointerId);
      this.hold();
    });
    for (const end of ['pointerup', 'pointercancel', 'blur']) button.addEventListener(end, () => this.release());
    button.addEventListener('contextmenu', (event) => event.preventDefault());
    button.addEventListener('keydown', (event) => {
      if ((event.key === ' ' || event.key === 'Enter') && !event.repeat) this.hold();
    });
    button.addEventListener('keyup', (event) => (event.key === ' ' || event.key === 'Enter') && this.release());
  }

  /** @param {PointerEvent} event */
  _onDown(event) {
    // A split picture has its divider to drag. What was pressed on it is not ours.
    if (event.button !== 0 || this._pressed !== null || this._slider.isSplit || !this._slider.isOurs(event)) return;
    this._pressed = event;
    this._timer = window.setTimeout(() => this.hold(), HOLD_MS);
  }

  /** @param {PointerEvent} event */
  _onMove(event) {
    const began = this._pressed;
    if (began === null || event.pointerId !== began.pointerId || this.isHeld) return;
    if (Math.abs(event.clientX - began.clientX) < DRAG_PX) return;
    this._cancel();
    this._slider.grab(event);
  }

  /** @param {PointerEvent} event */
  _onUp(event) {
    if (this._pressed === null || event.pointerId !== this._pressed.pointerId) return;
    const wasHeld = this.isHeld;
    this._cancel();
    if (wasHeld || event.pointerType === 'mouse') return;
    // A mouse has the browser's own double click.
    if (event.timeStamp - this._tappedAt < DOUBLE_TAP_MS) this._slider.value = 50;
    this._tappedAt = event.timeStamp;
  }

  _cancel() {
    clearTimeout(this._timer);
    this._pressed = null;
    this.release();
  }
}
