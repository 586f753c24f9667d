/** The list of live streams, and how to become one. */

import { address } from '../net/address.js';
import { Api, ApiError } from '../net/api.js';
import { FFMPEG_CODECS } from '../net/codecs.js';
import { copies } from '../ui/copy-button.js';
import { byId, el, reconcile, setText } from '../ui/dom.js';
import { EnhancementBadge } from '../ui/enhancement-badge.js';
import { counted, enhancedRendition, number, size } from '../ui/format.js';
import { SizeDiagram } from '../ui/size-diagram.js';
import { openPage } from '../ui/page-texts.js';
import { VisiblePoller } from '../ui/poller.js';
import { plural, t } from '../ui/texts.js';

/** @typedef {import('../types.js').Stream} Stream */

const PERIOD_MS = 2000;

/** One stream as a card. */
class StreamCard {
  /** @param {Stream} stream */
  constructor(stream) {
    this._picture = new SizeDiagram();
    this._badge = new EnhancementBadge();
    this._gain = el('p', { class: 'gain figures' });
    this._facts = el('p', { class: 'muted small figures' });
    const link = el('a', { href: address(`watch/${encodeURIComponent(stream.id)}`) }, stream.id);
    const head = el('div', { class: 'head' }, el('h2', {}, link), this._badge.root);
    const facts = el('div', { class: 'facts' }, head, this._gain, this._facts);
    this.root = el('li', { class: 'stream' }, this._picture.root, facts);
  }

  /** @param {Stream} stream */
  update(stream) {
    const better = enhancedRendition(stream);
    this._picture.update(stream.source, better);
    this._badge.update(stream.enhancement);
    setText(this._gain, better ? `${size(stream.source)} → ${size(better)}` : size(stream.source));
    const facts = [t('{n} fps', { n: number(stream.source.fps) }), counted(stream.viewers, 'viewer')];
    facts.push(stream.audio ? t('with sound') : t('no sound'));
    setText(this._facts, facts.join(' · '));
  }
}

await openPage();
const api = new Api();
const list = byId('streams', HTMLUListElement);
const empty = byId('empty', HTMLElement);
const summary = byId('summary', HTMLElement);
const error = byId('error', HTMLElement);
/** @type {Map<string, StreamCard>} */
const cards = new Map();

/** @param {Stream[]} streams */
function show(streams) {
  const live = streams.filter((stream) => stream.state === 'live');
  reconcile(list, cards, live, (stream) => stream.id, (stream) => new StreamCard(stream));
  list.hidden = live.length === 0;
  empty.hidden = live.length > 0;
  error.hidden = true;
  setText(summary, live.length === 0
    ? t('No streams at the moment.')
    : plural('{n} stream, enhanced while you watch.', '{n} streams, enhanced while you watch.', live.length));
}

const poller = new VisiblePoller(async () => {
  try {
    show(await api.streams());
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    setText(error, t('{problem} Trying again…', { problem: problem.message }));
    error.hidden = false;
    // The cards of the last answer stay: they are more useful than an empty page, and the error says that they are
    // old.
    if (cards.size === 0) setText(summary, t('The list could not be loaded.'));
  }
}, PERIOD_MS);

async function describeServer() {
  try {
    const server = await api.server();
    setText(byId('version', HTMLElement), `Sharpcast ${server.version}`);
    const words = server.publish_token_needed ? t('The publish token of this server') : t('Not needed on this server');
    setText(byId('obs-token', HTMLElement), words);
    showCommands(server.publish_token_needed);
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
  }
}

/** @param {boolean} tokenNeeded */
function showCommands(tokenNeeded) {
  const endpoint = address('whip/my-stream');
  const [own, whip] = tokenNeeded ? ['SHARPCAST_PUBLISH_TOKEN=TOKEN ', ' -authorization TOKEN'] : ['', ''];
  setText(byId('obs-server', HTMLElement), endpoint);
  setText(byId('cli-command', HTMLElement), `${own}sharpcast publish clip.mp4 --url ${endpoint}`);
  setText(
    byId('ffmpeg-command', HTMLElement),
    `ffmpeg -re -i clip.mp4 ${FFMPEG_CODECS} -f whip${whip} ${endpoint}`,
  );
}

for (const button of document.querySelectorAll('[data-copy]')) {
  if (!(button instanceof HTMLElement)) continue;
  copies(button, () => byId(button.dataset.copy ?? '', HTMLElement).textContent ?? '');
}
showCommands(false);
describeServer();
poller.start();
