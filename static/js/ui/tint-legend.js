/**
 * The legend of the tint: the devices with their colours and patterns.
 *
 * @typedef {import('../types.js').TeamMapView} TeamMapView
 * @typedef {import('./tint-layer.js').Style} Style
 */

import { el, reconcile, setText } from './dom.js';
import { fillWith, fractions } from './tint-layer.js';
import { plural, t } from './texts.js';

const SWATCH = { width: 48, height: 32 };

/** Key of the row for what no device made; a name has at least one character. */
const NOBODY = '';

/**
 * Who makes the picture, as a sentence.
 *
 * @param {TeamMapView} view
 * @returns {string}
 */
export function teamWords({ worker, helpers, map }) {
  if (worker === '') return t('No worker makes this picture now.');
  if (map === null) return t('Waiting for word of {worker}. It has none while no net works on the picture.', { worker });
  const makers = new Set([...map.devices, ...helpers]);
  if (makers.size === 1) return t('One worker makes it all: {worker}.', { worker });
  return plural('{n} worker makes this picture.', '{n} workers make this picture.', makers.size);
}

/**
 * The rows: the lead, then its helpers by name, also those that made nothing of late, then what nobody made.
 *
 * @param {TeamMapView} view
 * @returns {{name: string, part: number, isLead: boolean}[]} `part` of the picture, 0 to 1
 */
export function legendRows({ worker, helpers, map }) {
  if (map === null) return [];
  const parts = fractions(map);
  const made = new Map(map.devices.map((name, place) => [name, parts[place]]));
  const others = [...new Set([...map.devices, ...helpers])].filter((name) => name !== worker).sort();
  const rows = [worker, ...others].map((name) => ({ name, part: made.get(name) ?? 0, isLead: name === worker }));
  const rest = 1 - parts.reduce((sum, part) => sum + part, 0);
  return [...rows, { name: NOBODY, part: Math.max(0, rest), isLead: false }];
}

export class TintLegend {
  /**
   * @param {HTMLElement} root
   * @param {(name: string) => Style} styleFor
   */
  constructor(root, styleFor) {
    this._styleFor = styleFor;
    this._words = el('p', { role: 'status' });
    this._list = el('ul');
    /** @type {Map<string, LegendRow>} */
    this._rows = new Map();
    const help = t('Tinted on the enhanced side: what each made within the last second.');
    root.append(el('h2', {}, t('Made by')), this._words, this._list, el('p', { class: 'help' }, help));
  }

  /** @param {TeamMapView} view */
  show(view) {
    this._show(teamWords(view), legendRows(view));
  }

  /** @param {string} words why there is nothing to show */
  explain(words) {
    this._show(words, []);
  }

  /**
   * @param {string} words
   * @param {{name: string, part: number, isLead: boolean}[]} rows
   */
  _show(words, rows) {
    setText(this._words, words);
    reconcile(this._list, this._rows, rows, (row) => row.name, (row) => new LegendRow(row.name, this._styleFor));
    this._list.hidden = rows.length === 0;
  }
}

class LegendRow {
  /**
   * @param {string} name
   * @param {(name: string) => Style} styleFor
   */
  constructor(name, styleFor) {
    const swatch = el('canvas', { ...SWATCH, 'aria-hidden': 'true', class: name === NOBODY ? 'swatch none' : 'swatch' });
    const context = swatch.getContext('2d');
    if (context !== null && name !== NOBODY) fillWith(context, styleFor(name), 0, 0, SWATCH.width, SWATCH.height);
    this._role = el('span', { class: 'role' });
    this._part = el('span', { class: 'part' });
    const words = name === NOBODY ? t('predicted from earlier pictures, or resized') : name;
    this.root = el('li', {}, swatch, el('span', { class: 'name' }, words, this._role), this._part);
  }

  /** @param {{part: number, isLead: boolean}} row */
  update({ part, isLead }) {
    setText(this._role, isLead ? ` ${t('leads')}` : '');
    setText(this._part, `${Math.round(100 * part)} %`);
  }
}
