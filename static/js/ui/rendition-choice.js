import { el, setText } from './dom.js';
import { size } from './format.js';
import { t } from './texts.js';

/** Leaves the choice to the connection: the server changes among the renditions as that allows. */
export const AUTO = 'auto';

const SMALLER = 'smaller';

/** Lets a viewer choose a rendition, or leave that to the connection, and says what is shown and why. */
export class RenditionChoice {
  /**
   * @param {HTMLElement} root
   * @param {(name: string) => void} choose
   */
  constructor(root, choose) {
    this._root = root;
    this._select = el('select', { id: 'rendition-choice', 'aria-describedby': 'rendition-shown' });
    this._shown = el('span', { id: 'rendition-shown', class: 'muted small', role: 'status' });
    root.append(el('label', { for: 'rendition-choice' }, t('Quality')), this._select, this._shown);
    this._select.addEventListener('change', () => choose(this._select.value));
    this._offered = '';
  }

  /**
   * @param {import('../types.js').Rendition[]} renditions
   * @param {string} chosen
   * @param {import('../media/shown-rendition.js').Shown | null} shown
   */
  update(renditions, chosen, shown = null) {
    // A rendition `of` another one is the same picture in another codec. The server chooses it by what the
    // viewer's offer can decode.
    const own = renditions.filter((one) => one.of === '' && one.name !== 'source' && one.name !== SMALLER);
    const source = renditions.filter((one) => one.name === 'source');
    /** @type {[string, string][]} */
    const offered = [
      [AUTO, t('automatic, by the connection')],
      ...[...own, ...source].map((one) => /** @type {[string, string]} */ ([one.name, named(one)])),
      [SMALLER, t('smaller, for weak connections')],
    ];
    this._root.hidden = own.length === 0;
    const words = offered.map(([, text]) => text).join();
    // An open list must not be rebuilt under the pointer.
    if (words !== this._offered && document.activeElement !== this._select) {
      this._offered = words;
      this._select.replaceChildren(...offered.map(([value, text]) => el('option', { value }, text)));
    }
    if (document.activeElement !== this._select) this._select.value = chosen;
    setText(this._shown, wordsOf(chosen, shown, renditions));
  }
}

/** @param {import('../types.js').Rendition} one */
function named(one) {
  return one.width > 0 ? `${one.name} · ${size(one)}` : one.name;
}

/**
 * @param {string} chosen
 * @param {import('../media/shown-rendition.js').Shown | null} shown
 * @param {import('../types.js').Rendition[]} renditions
 * @returns {string} what is shown, and why it is not what could be
 */
function wordsOf(chosen, shown, renditions) {
  if (shown === null) return '';
  const words = t('Shown: {picture}', { picture: `${shown.name} · ${size(shown)}` });
  if (chosen !== AUTO) return shown.name === chosen ? words : t('{words}, until the chosen one comes.', { words });
  if (shown.isBest) return words;
  // The source stands in for an enhanced rendition that nobody makes at the moment, however much the line carries.
  const isMade = renditions.some((one) => one.state === 'enhancing' && one.name !== SMALLER);
  return isMade ? t('{words}, since the connection carries no more.', { words }) : t('{words}, until it is enhanced.', { words });
}
