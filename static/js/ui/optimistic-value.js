/** So long after the last move a value is sent, while the hand may still be on it. */
const QUIET_MS = 250;
/** Answers that were under way while we changed the value still have the old one; so long they are not believed. */
const SETTLE_MS = 1500;

/**
 * A value of the server that is moved here, and may be moved elsewhere. Says what to show, what to send, and when.
 * One change is under way at a time. Pure; times are `performance.now()`.
 */
export class OptimisticValue {
  /** @param {number} value */
  constructor(value) {
    this._known = value;
    /** What to show. */
    this.shown = value;
    this._inHand = false;
    this._isSending = false;
    this._settledAt = 0;
    /** @type {number | null} */
    this._wanted = null;
    this._dueAt = 0;
  }

  /** When `take` wants to be called; null: not before something happens. */
  get dueAt() {
    return this._wanted === null || this._isSending ? null : this._dueAt;
  }

  /** The hand is on it: what others do is not shown until it lets go. */
  grab() {
    this._inHand = true;
  }

  drop() {
    this._inHand = false;
  }

  /**
   * @param {number} value
   * @param {number} nowMs
   */
  move(value, nowMs) {
    this.shown = value;
    this._wanted = value;
    this._dueAt = nowMs + QUIET_MS;
  }

  /** The move is over: send at once. */
  settle() {
    this._dueAt = 0;
  }

  /**
   * @param {number} nowMs
   * @returns {number | null} what to send now; `answered` must follow
   */
  take(nowMs) {
    const value = this._wanted;
    if (this.dueAt === null || nowMs < this.dueAt) return null;
    this._wanted = null;
    this._isSending = true;
    return value;
  }

  /**
   * @param {boolean} accepted false: what the server had is shown again
   * @param {number} nowMs
   */
  answered(accepted, nowMs) {
    this._isSending = false;
    this._settledAt = accepted ? nowMs + SETTLE_MS : 0;
    // If the hand has moved on meanwhile, the newer value is about to be sent; going back for a moment would make
    // the slider jump.
    if (!accepted && this._wanted === null) this.shown = this._known;
  }

  /**
   * What the server says.
   *
   * @param {number} value
   * @param {number} nowMs
   */
  hear(value, nowMs) {
    this._known = value;
    // Answers of polls that began before our change arrive after it. Until ours is acknowledged, and for a while
    // after, they are remembered but not shown.
    const isOurs = this._inHand || this._isSending || this._wanted !== null;
    if (!isOurs && nowMs >= this._settledAt) this.shown = value;
  }
}
