import { el } from './dom.js';
import { size } from './format.js';

/** Lets a viewer choose among the enhanced renditions of a stream; hidden where there is one. */
export class RenditionChoice {
  /**
   * @param {HTMLElement} root
   * @param {(name: string) => void} choose
   */
  constructor(root, choose) {
    this._root = root;
    this._select = el('select', { id: 'rendition-choice' });
    root.append(el('label', { for: 'rendition-choice' }, 'Rendition'), this._select);
    this._select.addEventListener('change', () => choose(this._select.value));
    this._offered = '';
  }

  /**
   * @param {import('../types.js').Rendition[]} renditions
   * @param {string} chosen
   */
  update(renditions, chosen) {
    // A rendition `of` another one is the same picture in another codec. The server chooses it by what the
    // viewer's offer can decode.
    const offered = renditions.filter((one) => one.name !== 'source' && one.of === '');
    this._root.hidden = offered.length < 2;
    const words = offered.map((one) => (one.width > 0 ? `${one.name} · ${size(one)}` : one.name));
    // An open list must not be rebuilt under the pointer.
    if (words.join() !== this._offered && document.activeElement !== this._select) {
      this._offered = words.join();
      const options = offered.map((one, index) => el('option', { value: one.name }, words[index] ?? one.name));
      this._select.replaceChildren(...options);
    }
    if (document.activeElement !== this._select) this._select.value = chosen;
  }
}
