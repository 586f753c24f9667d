import { address } from '../net/address.js';
import { el, setText } from './dom.js';
import { EnhancementBadge } from './enhancement-badge.js';
import { ago, counted, enhancedRendition, number, size } from './format.js';
import { t } from './texts.js';
import { Thumbnail } from './thumbnail.js';

/** @typedef {import('../types.js').Stream} Stream */

/** One live stream on the list: its picture, its sizes, who watches. */
export class StreamCard {
  /**
   * @param {Stream} stream
   * @param {Pick<import('../net/api.js').Api, 'thumbnail'>} api
   */
  constructor(stream, api) {
    this._thumbnail = new Thumbnail(() => api.thumbnail(stream.id));
    this._badge = new EnhancementBadge();
    this._gain = el('p', { class: 'gain figures' });
    this._facts = el('p', { class: 'muted small figures' });
    const link = el('a', { href: address(`watch/${encodeURIComponent(stream.id)}`) }, stream.id);
    const head = el('div', { class: 'head' }, el('h2', {}, link), this._badge.root);
    const facts = el('div', { class: 'facts' }, head, this._gain, this._facts);
    this.root = el('li', { class: 'stream' }, this._thumbnail.root, facts);
  }

  /** @param {Stream} stream */
  update(stream) {
    const better = enhancedRendition(stream);
    this._thumbnail.update(stream, better);
    this._badge.update(stream.enhancement);
    setText(this._gain, better ? `${size(stream.source)} → ${size(better)}` : size(stream.source));
    const facts = [t('{n} fps', { n: number(stream.source.fps) }), counted(stream.viewers, 'viewer')];
    facts.push(stream.audio ? t('with sound') : t('no sound'));
    facts.push(t('started {time}', { time: ago(Date.now() - Date.parse(stream.started_at)) }));
    setText(this._facts, facts.join(' · '));
  }

  /** Called when the stream has left the list. */
  close() {
    this._thumbnail.close();
  }
}
