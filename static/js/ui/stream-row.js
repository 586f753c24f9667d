import { address } from '../net/address.js';
import { el, setText } from './dom.js';
import { EnhancementBadge } from './enhancement-badge.js';
import { Figures } from './figures.js';
import { droppedWords, enhancedRendition, framesWords, milliseconds, number, size } from './format.js';
import { StyleSlider } from './style-slider.js';
import { ModelChoice } from './model-choice.js';
import { RenditionForm } from './rendition-form.js';
import { ViewLink } from './view-link.js';
import { DEFAULT, RenditionList } from './rendition-list.js';
import { Sparkline } from './sparkline.js';
import { TeamPanel } from './team-panel.js';
import { languageTag, msg, t } from './texts.js';

/**
 * @typedef {import('../types.js').Stream} Stream
 * @typedef {import('../types.js').StreamChange} StreamChange
 * @typedef {import('../types.js').RenditionSpec} RenditionSpec
 * @typedef {object} StreamActions
 * @property {(id: string, changes: StreamChange) => Promise<boolean>} change says what went wrong; whether it was accepted
 * @property {(id: string) => void} end
 * @property {(id: string, name: string, spec: RenditionSpec) => Promise<string>} addRendition what went wrong, empty where nothing did
 * @property {(id: string, lifeS: number) => Promise<import('../types.js').NewViewToken | string>} makeLink what was made, or what went wrong
 * @property {(id: string, name: string) => Promise<boolean>} removeRendition says what went wrong; whether it was removed
 */

const NAMES = [msg('Source'), msg('Enhanced by'), msg('Added latency'), msg('Frames'), msg('Dropped'), msg('Viewers')];

/** One stream on the operator's board: figures, trends, controls. */
export class StreamRow {
  /**
   * @param {Stream} stream
   * @param {import('../types.js').Model[]} models
   * @param {StreamActions} actions
   */
  constructor(stream, models, actions) {
    this._id = stream.id;
    this._actions = actions;
    this._busy = false;
    this._badge = new EnhancementBadge();
    this._since = el('span', { class: 'muted small since' });
    this._why = el('p', { class: 'why' });
    this._figures = new Figures(NAMES, ['Frames']);
    this._latency = new Sparkline(t('Added latency'), milliseconds);
    this._fps = new Sparkline(t('Frames per second'), (value) => number(value));
    this._switch = el('button', { type: 'button', class: 'switch', role: 'switch' }, t('Enhance'));
    this._model = new ModelChoice(`model-${stream.id}`, (model) => this._change({ model }));
    this._style = new StyleSlider(`style-${stream.id}`, (strength) => actions.change(stream.id, { strength }));
    this._renditions = new RenditionList(stream.id, (name) => actions.removeRendition(stream.id, name));
    this._team = new TeamPanel(stream.id, (changes) => actions.change(stream.id, changes));
    this._form = new RenditionForm(stream.id, (name, spec) => actions.addRendition(stream.id, name, spec));
    this._viewLink = new ViewLink(`link-${stream.id}`, (lifeS) => actions.makeLink(stream.id, lifeS));
    this.offer(models);
    this.root = this._build(stream);
    this._switch.addEventListener('click', () =>
      this._change({ enhance: this._switch.getAttribute('aria-checked') !== 'true' }),
    );
  }

  /** @param {import('../types.js').Model[]} models */
  offer(models) {
    this._model.offer(models);
    this._form.offer(models);
  }

  /**
   * @param {import('../types.js').Worker[]} workers
   * @param {import('../types.js').Device[]} devices
   */
  know(workers, devices) {
    this._team.know(workers, devices);
  }

  /** @param {Stream} stream */
  update(stream) {
    const { enhancement, frames, latency_ms: latency } = stream;
    this._badge.update(enhancement);
    setText(this._since, t('since {time}', { time: new Date(stream.started_at).toLocaleTimeString(languageTag()) }));
    setText(this._why, enhancement.state === 'enhancing' ? '' : enhancement.reason);
    this._why.hidden = this._why.textContent === '';
    const { total } = latency;
    this._figures.update({
      Source: `${size(stream.source)} · ${stream.source.codec.toUpperCase()}`,
      'Enhanced by': [enhancement.worker, enhancement.engine].filter((part) => part).join(' · ') || t('nobody'),
      'Added latency': total ? t('{median}, 95 % below {high}', { median: milliseconds(total.p50), high: milliseconds(total.p95) }) : '–',
      Frames: framesWords(frames),
      Dropped: droppedWords(frames.dropped),
      Viewers: String(stream.viewers),
    });
    this._renditions.update(stream.renditions);
    this._team.update(stream.renditions.find((one) => one.name === DEFAULT));
    this._viewLink.update(stream);
    this._latency.push(total?.p50);
    this._fps.push((enhancedRendition(stream) ?? stream.source).fps);
    this._style.update(enhancement);
    if (this._busy) return;
    // Skipped while our own change is under way: an answer of the poll from before it would flip the switch back.
    this._switch.setAttribute('aria-checked', String(enhancement.enabled));
    this._model.update(enhancement.model);
  }

  /** @param {StreamChange} changes */
  async _change(changes) {
    if (this._busy) return;
    this._busy = true;
    this._switch.setAttribute('aria-busy', 'true');
    try {
      await this._actions.change(this._id, changes);
    } finally {
      this._busy = false;
      this._switch.removeAttribute('aria-busy');
    }
  }

  /** @param {Stream} stream */
  _build(stream) {
    const link = el('a', { href: address(`watch/${encodeURIComponent(stream.id)}`) }, stream.id);
    const head = el('div', { class: 'row-head' }, el('h3', {}, link), this._badge.root, this._since);
    const end = el('button', { type: 'button', class: 'button danger compact', 'aria-label': t('End stream {name}', { name: stream.id }) }, t('End stream'));
    end.addEventListener('click', () => this._actions.end(stream.id));
    const trends = el('div', { class: 'trends' }, this._latency.root, this._fps.root);
    const controls = el('div', { class: 'controls' }, this._switch, this._model.root, this._style.root, end);
    this._switch.setAttribute('aria-label', t('Enhance {name}', { name: stream.id }));
    const made = [this._renditions.root, this._form.root, this._team.root];
    const parts = [head, this._why, this._figures.root, trends, ...made, this._viewLink.root, controls, this._model.missing];
    return el('article', { class: 'panel row', role: 'listitem' }, ...parts);
  }
}
