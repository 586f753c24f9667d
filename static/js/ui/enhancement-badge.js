import { stateWords } from './format.js';
import { el, setText } from './dom.js';

/** @type {Record<string, string>} */
const TONES = { enhancing: 'good', starting: 'warn', waiting: 'warn', bypass: 'warn', off: 'quiet' };

/** A pill that says what enhancement does. */
export class EnhancementBadge {
  constructor() {
    this.root = el('span', { class: 'badge' });
  }

  /** @param {{state: string, reason: string}} enhancement */
  update({ state, reason }) {
    setText(this.root, stateWords(state));
    this.root.dataset.tone = TONES[state] ?? 'quiet';
    this.root.title = reason;
  }
}
