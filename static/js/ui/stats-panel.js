import { el, setText } from './dom.js';
import { bitrate, milliseconds, number, size, stateWords } from './format.js';
import { LatencyChart } from './latency-chart.js';
import { msg, t } from './texts.js';

/** @typedef {import('../media/stats.js').VideoStats} VideoStats */

/** @type {[string, (stats: VideoStats) => string][]} */
const ROWS = [
  [msg('Picture'), (stats) => size(stats)],
  [msg('Frame rate'), (stats) => t('{n} fps', { n: number(stats.fps) })],
  [msg('Bitrate'), (stats) => bitrate(stats.kbps)],
  [msg('Codec'), (stats) => stats.codec || '–'],
  [msg('Buffer delay'), (stats) => milliseconds(stats.delayMs)],
  [msg('Packets lost'), (stats) => String(stats.lost)],
];

/** The statistics over the picture. */
export class StatsPanel {
  /** @param {HTMLElement} root */
  constructor(root) {
    this._cells = ROWS.map(() => ({ source: el('td'), enhanced: el('td') }));
    this._pairs = el('td', { colspan: 2 });
    this._chart = new LatencyChart();
    this._state = el('p', { class: 'why' });
    const columns = [t('Source'), t('Enhanced')].map((name) => el('th', { scope: 'col' }, name));
    const head = el('thead', {}, el('tr', {}, el('th', {}, ''), ...columns));
    const rows = ROWS.map(([name], index) => {
      const { source, enhanced } = this._cells[index];
      return el('tr', {}, el('th', { scope: 'row' }, t(name)), source, enhanced);
    });
    rows.push(el('tr', {}, el('th', { scope: 'row' }, t('Same frame')), this._pairs));
    const table = el('table', {}, head, el('tbody', {}, ...rows));
    root.append(table, this._chart.root, this._state);
  }

  /**
   * @param {VideoStats | null} source
   * @param {VideoStats | null} enhanced
   * @param {{matched: number, unmatched: number, aligned: boolean}} pairs
   */
  showPlayback(source, enhanced, pairs) {
    ROWS.forEach(([, words], index) => {
      setText(this._cells[index].source, source ? words(source) : '–');
      setText(this._cells[index].enhanced, enhanced ? words(enhanced) : '–');
    });
    const counts = t('{pairs} pairs, {others} without', { pairs: String(pairs.matched), others: String(pairs.unmatched) });
    setText(this._pairs, pairs.aligned ? counts : t('not compared now'));
  }

  /** @param {import('../types.js').Stream | null} stream */
  showServer(stream) {
    this._chart.update(stream?.latency_ms ?? null);
    setText(this._state, stream ? enhancementWords(stream.enhancement) : '');
  }
}

/** @param {import('../types.js').Enhancement} enhancement */
function enhancementWords({ state, reason, model, engine, worker }) {
  const by = [model, engine, worker].filter((part) => part).join(' · ');
  return [stateWords(state), by && ` (${by})`, reason && `: ${reason}`].join('');
}
