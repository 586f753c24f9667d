import { el, reconcile } from './dom.js';
import { languageTag, t } from './texts.js';

/** @typedef {import('../types.js').AuditEntry} AuditEntry */

function columns() {
  return [t('Time'), t('Act'), t('Target'), t('Detail'), t('Who'), t('Address')];
}

/** One administrative act. Acts do not change. */
class AuditRow {
  /** @param {AuditEntry} entry */
  constructor(entry) {
    const at = el('time', { datetime: entry.at }, new Date(entry.at).toLocaleString(languageTag()));
    const cells = [at, entry.act, entry.target, entry.detail, entry.who, entry.address];
    // On a phone each cell is a line with the name of its column; the roles keep it a table for screen readers.
    const names = columns();
    this.root = el('tr', { role: 'row' }, ...cells.map((cell, index) => el('td', { role: 'cell', 'data-name': names[index] }, cell)));
  }

  update() {}
}

/** The last administrative acts; they are asked for while the list is open. */
export class AuditBoard {
  /** @param {() => Promise<AuditEntry[]>} ask */
  constructor(ask) {
    this._ask = ask;
    /** @type {Map<string, AuditRow>} */
    this._rows = new Map();
    this._body = el('tbody', { role: 'rowgroup' });
    const names = columns().map((name) => el('th', { scope: 'col', role: 'columnheader' }, name));
    const head = el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, ...names));
    const table = el('table', { class: 'audit', role: 'table', 'aria-labelledby': 'audit-title' }, head, this._body);
    const frame = el('div', { class: 'audit-frame', tabindex: '0', role: 'group', 'aria-label': t('Audit log') }, table);
    this._details = el('details', { class: 'panel' }, el('summary', {}, t('Show the last acts')), frame);
    this._details.addEventListener('toggle', () => void this.refresh());
    this.root = el('section', { 'aria-labelledby': 'audit-title' }, el('h2', { id: 'audit-title' }, t('Audit log')), this._details);
  }

  async refresh() {
    if (!this._details.open) return;
    const entries = await this._ask();
    // Two acts of one second differ in something else; the same act twice is one line.
    const known = new Map(entries.map((entry) => [JSON.stringify(entry), entry]));
    /** @param {[string, AuditEntry]} pair */
    const make = ([, entry]) => new AuditRow(entry);
    reconcile(this._body, this._rows, [...known], ([key]) => key, make);
  }
}
