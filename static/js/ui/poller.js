/** Calls a task again and again, but only while somebody looks at the page. */
export class VisiblePoller {
  /**
   * @param {() => Promise<void>} task handles its own failures
   * @param {number} periodMs from the end of one call to the start of the next
   */
  constructor(task, periodMs) {
    this._task = task;
    this._periodMs = periodMs;
    this._timer = 0;
    this._busy = false;
    this._on = false;
    this._onSight = () => this._resume();
  }

  start() {
    this._on = true;
    document.addEventListener('visibilitychange', this._onSight);
    this._resume();
  }

  stop() {
    this._on = false;
    document.removeEventListener('visibilitychange', this._onSight);
    clearTimeout(this._timer);
  }

  /** Calls now, and goes on from there. */
  async now() {
    clearTimeout(this._timer);
    // Whoever asks while a call is under way gets that call's result; two at once could bring an older answer
    // after a newer one.
    if (this._busy) return;
    this._busy = true;
    try {
      await this._task();
    } finally {
      this._busy = false;
      this._plan();
    }
  }

  _plan() {
    clearTimeout(this._timer);
    // Planned after the call instead of by an interval: a slow server is never asked twice at once.
    if (this._on && !document.hidden) this._timer = window.setTimeout(() => this.now(), this._periodMs);
  }

  _resume() {
    clearTimeout(this._timer);
    if (this._on && !document.hidden) this.now();
  }
}
