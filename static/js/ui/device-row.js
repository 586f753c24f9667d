import { el, setText } from './dom.js';
import { Figures } from './figures.js';
import { bitrate, milliseconds, number } from './format.js';
import { languageTag, msg, t } from './texts.js';

/** @typedef {import('../types.js').Device} Device */

const NAMES = [
  msg('Round trip'), msg('Loss'), msg('Queue'), msg('May send'), msg('Delivered'), msg('Address'), msg('Messages'), msg('Key'),
];
const EMPTY = '–';

/** How much of a fingerprint is shown; enough to tell devices apart. */
const SHOWN_DIGITS = 12;

/**
 * @param {import('../types.js').DeviceLink} link
 * @returns {string} what became of the messages of the session
 */
export function messageWords({ messages }) {
  const { sent = 0, received = 0, late = 0, restored = 0, refused = 0 } = messages;
  const troubles = [
    restored > 0 && t('{n} by parity', { n: String(restored) }),
    late > 0 && t('{n} late', { n: String(late) }),
    refused > 0 && t('{n} refused', { n: String(refused) }),
  ];
  return [t('{sent} sent, {received} received', { sent: String(sent), received: String(received) }), ...troubles.filter((part) => part)].join(', ');
}

/** One device at another site on the operator's board. */
export class DeviceRow {
  /**
   * @param {Device} device
   * @param {(name: string) => void} remove asked for; nothing is removed yet
   */
  constructor(device, remove) {
    this._badge = el('span', { class: 'badge' });
    this._since = el('span', { class: 'muted small since' });
    this._figures = new Figures(NAMES, ['Messages']);
    this._jobs = el('p', { class: 'small' });
    const button = el(
      'button',
      { type: 'button', class: 'button danger compact', 'aria-label': t('Remove device {name}', { name: device.name }) },
      t('Remove'),
    );
    button.addEventListener('click', () => remove(device.name));
    this.root = el(
      'article',
      { class: 'panel row', role: 'listitem' },
      el('div', { class: 'row-head' }, el('h3', {}, device.name), this._badge, this._since),
      this._figures.root,
      el('div', { class: 'controls' }, this._jobs, button),
    );
  }

  /** @param {Device} device */
  update(device) {
    const { link } = device;
    const joined = link !== null;
    setText(this._badge, joined ? t('Joined') : t('Away'));
    this._badge.dataset.tone = joined ? 'good' : 'quiet';
    const time = new Date(device.seen_at).toLocaleString(languageTag());
    setText(this._since, joined ? '' : t('last seen {time}', { time }));
    this._figures.update({
      'Round trip': milliseconds(link?.rtt_ms),
      Loss: link ? `${number(link.loss * 100, 1)} %` : EMPTY,
      'May send': bitrate(link?.rate_kbps),
      Delivered: bitrate(link?.delivered_kbps),
      Queue: link ? `${milliseconds(link.queue_ms)}, ${number(link.queued_bytes / 1000, 0)} kB` : EMPTY,
      Messages: link ? messageWords(link) : EMPTY,
      Address: device.address || EMPTY,
      Key: device.fingerprint.slice(0, SHOWN_DIGITS),
    });
    const jobs = device.jobs.map(({ stream, rendition }) => `${stream} (${rendition})`).join(', ');
    setText(this._jobs, jobs === '' ? t('It has no streams now.') : t('Works on {jobs}', { jobs }));
    this._jobs.classList.toggle('muted', jobs === '');
  }
}
