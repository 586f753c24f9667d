import { el, setText } from './dom.js';
import { Figures } from './figures.js';
import { milliseconds, number, size, stateWords } from './format.js';
import { msg, t } from './texts.js';

/** One worker on the operator's board. */
export class WorkerRow {
  /** @param {import('../types.js').Worker} worker */
  constructor(worker) {
    this._meter = el('meter', { min: 0, 'aria-label': t('Load of {name}', { name: worker.name }) });
    this._load = el('b', { class: 'figures' });
    this._figures = new Figures([
      msg('Per frame'), msg('Role'), msg('Engine busy'), msg('Engines'), msg('Models'), msg('Process'),
    ]);
    this._duties = el('ul', { class: 'duties', 'aria-label': t('Streams of {name}', { name: worker.name }) });
    this._idle = el('p', { class: 'muted small' }, t('It has no streams now.'));
    const caption = el('div', { class: 'caption' }, el('span', {}, t('Load, in streams of 480×270 at 30 fps')), this._load);
    this.root = el(
      'article',
      { class: 'panel row', role: 'listitem' },
      el('div', { class: 'row-head' }, el('h3', {}, worker.name), el('span', { class: 'muted small' }, worker.host)),
      el('div', { class: 'load' }, caption, this._meter),
      this._figures.root,
      this._duties,
      this._idle,
    );
  }

  /** @param {import('../types.js').Worker} worker */
  update(worker) {
    // A meter from 0 to 0 shows nothing, and a worker may report that it has no capacity.
    const most = Math.max(worker.capacity, 0.01);
    Object.assign(this._meter, { max: most, low: most * 0.75, high: most * 0.95, optimum: 0, value: worker.load });
    setText(this._load, t('{part} of {whole}', { part: number(worker.load, 1), whole: number(worker.capacity, 1) }));
    this._figures.update({
      'Per frame': milliseconds(worker.ms_per_frame),
      // Milliseconds in each second, divided by ten, are percent.
      Role: worker.composes ? t('composer: leads streams, leaves nets to helpers') : t('all'),
      'Engine busy': t('{part} of {whole} %', {
        part: number(worker.engine_ms_per_s / 10, 0),
        whole: number(worker.given_ms_per_s / 10, 0),
      }),
      Engines: worker.engines.join(', ') || '–',
      Models: worker.models.join(', ') || '–',
      Process: String(worker.pid),
    });
    this._idle.hidden = worker.streams.length > 0;
    this._duties.hidden = worker.streams.length === 0;
    const rows = worker.streams.map((duty) => [
      duty.stream,
      [stateWords(duty.state), duty.reason].filter((part) => part).join(': '),
      [size(duty), t('{n} fps', { n: number(duty.fps) }), duty.model, duty.engine].filter((part) => part).join(', '),
    ]);
    this._showDuties(rows);
  }

  /** @param {string[][]} rows */
  _showDuties(rows) {
    while (this._duties.children.length > rows.length) this._duties.lastElementChild?.remove();
    rows.forEach((cells, index) => {
      const row = this._duties.children[index] ?? this._duties.appendChild(emptyRow());
      cells.forEach((words, column) => setText(row.children[column], words));
    });
  }
}

function emptyRow() {
  return el('li', {}, el('b'), el('span'), el('span', { class: 'muted' }));
}
