import { el, reconcile, setText } from './dom.js';
import { bitrate, counted, milliseconds, number } from './format.js';
import { msg, t } from './texts.js';

/**
 * @typedef {import('../types.js').Device} Device
 * @typedef {import('../types.js').Rendition} Rendition
 * @typedef {import('../types.js').TeamHelper} TeamHelper
 * @typedef {import('../types.js').Worker} Worker
 * @typedef {'pinned' | 'excluded'} Mark
 * @typedef {object} Member one worker of a stream's team, or one about which an operator said something
 * @property {string} name
 * @property {TeamHelper | undefined} helper what it does; undefined while it does not help
 * @property {Worker | undefined} worker undefined where it does not run
 * @property {Device | undefined} device undefined where it is in the site
 * @property {boolean} pinned
 * @property {boolean} excluded
 */

const CHOICES = {
  auto: msg('As the worker lacks time'),
  on: msg('Always (pinned)'),
  regions: msg('Always, by regions (pinned)'),
  frames: msg('Always, by whole frames (pinned)'),
  off: msg('Never: one worker alone (pinned)'),
};

/** @type {Record<string, string>} */
const MODES = {
  alone: msg('One worker alone'),
  off: msg('One worker alone, by an operator'),
  regions: msg('Each frame by regions'),
  frames: msg('Whole frames in turn'),
};

/**
 * @param {Member} member
 * @returns {string} what it did in the last seconds, and by which way it is reached
 */
export function memberWords({ helper, worker, device, pinned, excluded }) {
  const link = device?.link;
  const load = worker && worker.capacity > 0 ? t('{percent} % busy', { percent: number((100 * worker.load) / worker.capacity) }) : '';
  const way = link ? [
    t('{percent} % loss', { percent: number(100 * link.loss, 1) }),
    t('may send {rate}', { rate: bitrate(link.rate_kbps) }),
  ] : [];
  if (helper === undefined) {
    const state = excluded ? t('must not help') : pinned ? t('does not help now') : '';
    return [state, worker ? load : t('not running'), ...way].filter((part) => part).join(' · ');
  }
  const results = { results: number(helper.in_time, 1), late: number(helper.late, 1) };
  return [
    t('{percent} % of the work', { percent: number(100 * helper.fraction) }),
    helper.late > 0
      ? t('{results} results in time, {late} late a second', results)
      : t('{results} results in time a second', results),
    t('{time} away', { time: milliseconds(helper.round_trip_ms) }),
    bitrate(helper.kbps),
    load,
    ...way,
  ].filter((part) => part).join(' · ');
}

/** A worker with two buttons that stay pressed: it helps whenever it can, or never. */
class MemberRow {
  /**
   * @param {string} stream
   * @param {Member} member
   * @param {(name: string, mark: Mark) => void} mark
   */
  constructor(stream, member, mark) {
    this._facts = el('span', { class: 'muted facts' });
    this._pin = el('button', { type: 'button', class: 'button compact mark', 'aria-label': t('Pin {worker} for {stream}', { worker: member.name, stream }) }, t('Pin'));
    this._exclude = el('button', { type: 'button', class: 'button compact mark', 'aria-label': t('Exclude {worker} from {stream}', { worker: member.name, stream }) }, t('Exclude'));
    this._pin.addEventListener('click', () => mark(member.name, 'pinned'));
    this._exclude.addEventListener('click', () => mark(member.name, 'excluded'));
    const marks = el('span', { class: 'marks' }, this._pin, this._exclude);
    this.root = el('li', {}, el('b', {}, member.name), this._facts, marks);
  }

  /** @param {Member} member */
  update(member) {
    setText(this._facts, memberWords(member));
    this._pin.setAttribute('aria-pressed', String(member.pinned));
    this._exclude.setAttribute('aria-pressed', String(member.excluded));
  }
}

/** The helpers of a stream's default rendition: who does what, which mode runs and why, and the operator's say in it. */
export class TeamPanel {
  /**
   * @param {string} stream
   * @param {(changes: import('../types.js').StreamChange) => Promise<boolean>} change whether it was accepted
   */
  constructor(stream, change) {
    this._stream = stream;
    this._change = change;
    this._busy = false;
    /** @type {Rendition | undefined} as the server told it last */
    this._newest = undefined;
    /** @type {Worker[]} */
    this._workers = [];
    /** @type {Device[]} */
    this._devices = [];
    /** @type {string[]} */
    this._pinned = [];
    /** @type {string[]} */
    this._excluded = [];
    /** @type {Map<string, MemberRow>} */
    this._rows = new Map();
    const id = `team-${stream}`;
    const options = Object.entries(CHOICES).map(([value, words]) => el('option', { value }, t(words)));
    this._choice = el('select', { id }, ...options);
    this._choice.addEventListener('change', () =>
      this._send({ team: /** @type {import('../types.js').TeamChoice} */ (this._choice.value) }),
    );
    this._mode = el('b');
    this._reason = el('span', { class: 'muted' });
    this._list = el('ul', { class: 'renditions members', 'aria-label': t('Helpers of {stream}', { stream }) });
    this._other = el('select', { id: `${id}-other` });
    this._adding = el(
      'div',
      { class: 'field other' },
      el('label', { for: `${id}-other` }, t('Another worker')),
      el('div', { class: 'marks' }, this._other, this._button(t('Pin'), 'pinned'), this._button(t('Exclude'), 'excluded')),
    );
    const choice = el('div', { class: 'field' }, el('label', { for: id }, t('Other workers help')), this._choice);
    this.root = el(
      'section',
      { class: 'team', 'aria-label': t('Team of {stream}', { stream }) },
      el('p', { class: 'mode' }, this._mode, this._reason),
      this._list,
      el('div', { class: 'steering' }, choice, this._adding),
    );
  }

  /**
   * @param {Worker[]} workers all that run
   * @param {Device[]} devices all at other sites
   */
  know(workers, devices) {
    this._workers = workers;
    this._devices = devices;
  }

  /** @param {Rendition | undefined} rendition the default one; undefined where there is none */
  update(rendition) {
    this._newest = rendition;
    const { spec, team, worker: lead } = rendition ?? {};
    this.root.hidden = !spec;
    // Skipped while our own change is under way: an answer of the poll from before it would undo it for a moment.
    if (!spec || this._busy) return;
    if (document.activeElement !== this._choice) this._choice.value = spec.team ?? 'auto';
    this._pinned = spec.pinned ?? [];
    this._excluded = spec.excluded ?? [];
    const helpers = team?.devices ?? [];
    const mode = team ? t(MODES[team.mode] ?? team.mode) : t('Nobody makes it now');
    const values = { mode, helpers: counted(helpers.length, 'helper') };
    setText(this._mode, helpers.length > 0 ? t('{mode}, with {helpers}', values) : mode);
    setText(this._reason, team?.reason ?? '');
    this._showMembers(helpers);
    this._offerOthers([lead ?? '', ...this._rows.keys()]);
  }

  /** @param {TeamHelper[]} helpers */
  _showMembers(helpers) {
    const names = [...new Set([...helpers.map((one) => one.name), ...this._pinned, ...this._excluded])].sort();
    const members = names.map((name) => ({
      name,
      helper: helpers.find((one) => one.name === name),
      worker: this._workers.find((one) => one.name === name),
      device: this._devices.find((one) => one.name === name),
      pinned: this._pinned.includes(name),
      excluded: this._excluded.includes(name),
    }));
    this._list.hidden = members.length === 0;
    /** @param {Member} member */
    const make = (member) => new MemberRow(this._stream, member, (name, mark) => this._mark(name, mark));
    reconcile(this._list, this._rows, members, (member) => member.name, make);
  }

  /** @param {string[]} shown */
  _offerOthers(shown) {
    const names = this._workers.map((one) => one.name).filter((name) => !shown.includes(name)).sort();
    this._adding.hidden = names.length === 0;
    const offered = [...this._other.options].map((one) => one.value);
    if (names.join() === offered.join()) return;
    const chosen = this._other.value;
    this._other.replaceChildren(...names.map((name) => el('option', { value: name }, name)));
    if (names.includes(chosen)) this._other.value = chosen;
  }

  /**
   * @param {string} words
   * @param {Mark} mark
   */
  _button(words, mark) {
    const pin = mark === 'pinned';
    const stream = this._stream;
    const label = pin ? t('Pin the chosen worker for {stream}', { stream }) : t('Exclude the chosen worker for {stream}', { stream });
    const button = el('button', { type: 'button', class: 'button compact', 'aria-label': label }, words);
    button.addEventListener('click', () => this._mark(this._other.value, mark));
    return button;
  }

  /**
   * Presses a worker's button, or lets it up. A worker is never in both lists.
   *
   * @param {string} name
   * @param {Mark} mark
   */
  _mark(name, mark) {
    const lists = { pinned: this._pinned, excluded: this._excluded };
    const wasPressed = lists[mark].includes(name);
    const without = {
      pinned: lists.pinned.filter((one) => one !== name),
      excluded: lists.excluded.filter((one) => one !== name),
    };
    if (!wasPressed) without[mark] = [...without[mark], name];
    void this._send(without);
  }

  /** @param {import('../types.js').StreamChange} changes */
  async _send(changes) {
    if (this._busy) return;
    this._busy = true;
    this.root.setAttribute('aria-busy', 'true');
    try {
      await this._change(changes);
    } finally {
      this._busy = false;
      this.root.removeAttribute('aria-busy');
      this.update(this._newest);
    }
  }
}
