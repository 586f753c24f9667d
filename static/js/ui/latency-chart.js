import { el, setText } from './dom.js';
import { milliseconds } from './format.js';
import { msg, t } from './texts.js';

/** @type {Record<string, string>} words by the name of a stage */
const STAGES = {
  ingest: msg('ingest'),
  queue: msg('queue'),
  decode: msg('decode'),
  enhance: msg('enhance'),
  encode: msg('encode'),
  publish: msg('publish'),
  deliver: msg('deliver'),
};

/** Server-added latency, one bar per stage: the median over the 95th percentile. */
export class LatencyChart {
  constructor() {
    this._heading = el('h3');
    this._list = el('ol', { class: 'stages' });
    this.root = el('div', {}, this._heading, this._list);
    this.update(null);
  }

  /** @param {import('../types.js').Latency | null} latency */
  update(latency) {
    const stages = latency?.stages ?? [];
    const total = latency?.total;
    setText(
      this._heading,
      total
        ? t('Server adds {median} (95 %: {high})', { median: milliseconds(total.p50), high: milliseconds(total.p95) })
        : t('Server latency: not measured yet'),
    );
    // At least 1 ms, so that stages of microseconds do not fill the chart.
    const longest = Math.max(1, ...stages.map((stage) => stage.p95));
    while (this._list.children.length > stages.length) this._list.lastElementChild?.remove();
    stages.forEach((stage, index) => {
      const row = this._list.children[index] ?? this._list.appendChild(makeRow());
      const [name, track, value] = row.children;
      setText(name, t(STAGES[stage.name] ?? stage.name));
      setText(value, milliseconds(stage.p50));
      if (track instanceof HTMLElement) {
        // Custom properties set from script are allowed by the content security policy; a `style` attribute in
        // markup is not.
        track.style.setProperty('--p50', `${(stage.p50 / longest) * 100}%`);
        track.style.setProperty('--p95', `${(stage.p95 / longest) * 100}%`);
      }
    });
  }
}

function makeRow() {
  const bars = [el('span', { class: 'tail' }), el('span', { class: 'fill' })];
  const track = el('span', { class: 'track', 'aria-hidden': 'true' }, ...bars);
  return el('li', {}, el('span', { class: 'name' }), track, el('span', { class: 'value' }));
}
