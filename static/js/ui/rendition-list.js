import { el, reconcile, setText } from './dom.js';
import { EnhancementBadge } from './enhancement-badge.js';
import { bitrate, size } from './format.js';

/** @typedef {import('../types.js').Rendition} Rendition */

/** The rendition that every stream has; it is switched off, not removed. */
export const DEFAULT = 'enhanced';

/**
 * @param {Rendition} rendition
 * @returns {string} what is made and for whom
 */
function facts(rendition) {
  const { codec, kbps, viewers, model, width } = rendition;
  const picture = width > 0 ? [size(rendition), codec.toUpperCase(), bitrate(kbps)] : [codec.toUpperCase()];
  const parts = [model, ...picture, `${viewers} watching`];
  return parts.filter((part) => part).join(' · ');
}

/**
 * @param {Rendition} rendition
 * @returns {string} what its pictures are worth and what they cost, as far as it is known
 */
export function worthWords({ quality, cost }) {
  const parts = [];
  if (quality?.gain_db != null && quality.gain_error_db != null) {
    const sign = quality.gain_db < 0 ? '−' : '+';
    const gain = Math.abs(quality.gain_db).toFixed(1);
    parts.push(`about ${sign}${gain} dB ± ${quality.gain_error_db.toFixed(1)} over bicubic`);
  }
  if (cost?.cpu_seconds_per_hour != null) parts.push(`${Math.round(cost.cpu_seconds_per_hour)} CPU seconds an hour`);
  if (cost?.watt_hours_per_hour != null) parts.push(`${cost.watt_hours_per_hour.toFixed(1)} Wh an hour`);
  return parts.join(' · ');
}

/** One rendition of a stream. */
class RenditionItem {
  /**
   * @param {string} stream
   * @param {Rendition} rendition
   * @param {(name: string) => Promise<boolean>} remove
   */
  constructor(stream, rendition, remove) {
    this._badge = new EnhancementBadge();
    this._facts = el('span', { class: 'muted facts' });
    this._worth = el('span', { class: 'muted worth' });
    this._reason = el('span', { class: 'why' });
    this.root = el('li', {}, el('b', {}, rendition.name), this._badge.root, this._facts, this._worth);
    // The source has no specification and the default rendition belongs to every stream; only what an operator
    // added can be removed.
    if (rendition.spec !== null && rendition.name !== DEFAULT) this.root.append(this._button(stream, rendition.name, remove));
    this.root.append(this._reason);
  }

  /**
   * @param {string} stream
   * @param {string} name
   * @param {(name: string) => Promise<boolean>} remove
   */
  _button(stream, name, remove) {
    const words = `Remove rendition ${name} of ${stream}`;
    const button = el('button', { type: 'button', class: 'button compact', 'aria-label': words }, 'Remove');
    button.addEventListener('click', async () => {
      button.disabled = true;
      // After success the item leaves with the next list, and must not be pressed again until then.
      if (!(await remove(name))) button.disabled = false;
    });
    return button;
  }

  /** @param {Rendition} rendition */
  update(rendition) {
    const { state, reason } = rendition;
    this._badge.root.hidden = state === '';
    if (state !== '') this._badge.update({ state, reason });
    setText(this._facts, facts(rendition));
    setText(this._worth, worthWords(rendition));
    this._worth.hidden = this._worth.textContent === '';
    setText(this._reason, reason);
    this._reason.hidden = reason === '';
  }
}

/** All renditions of a stream, with what they are and whether they are made. */
export class RenditionList {
  /**
   * @param {string} stream
   * @param {(name: string) => Promise<boolean>} remove says what went wrong; whether it was removed
   */
  constructor(stream, remove) {
    this._stream = stream;
    this._remove = remove;
    /** @type {Map<string, RenditionItem>} */
    this._items = new Map();
    this.root = el('ul', { class: 'renditions', 'aria-label': `Renditions of ${stream}` });
  }

  /** @param {Rendition[]} renditions */
  update(renditions) {
    /** @param {Rendition} one */
    const make = (one) => new RenditionItem(this._stream, one, this._remove);
    reconcile(this.root, this._items, renditions, (one) => one.name, make);
  }
}
