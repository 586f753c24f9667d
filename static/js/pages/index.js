/** The list of live streams, and how to become one. */

import { address } from '../net/address.js';
import { Api, ApiError } from '../net/api.js';
import { FFMPEG_CODECS } from '../net/codecs.js';
import { copies } from '../ui/copy-button.js';
import { byId, reconcile, setText } from '../ui/dom.js';
import { counted } from '../ui/format.js';
import { openPage } from '../ui/page-texts.js';
import { VisiblePoller } from '../ui/poller.js';
import { Remembered } from '../ui/remembered.js';
import { StreamCard } from '../ui/stream-card.js';
import { StreamOrder, isOrder, matching } from '../ui/stream-order.js';
import { t } from '../ui/texts.js';
import { takeViewToken } from '../ui/view-token.js';

/** @typedef {import('../types.js').Stream} Stream */

const PERIOD_MS = 2000;

await openPage();
const tokens = takeViewToken('');
const api = new Api(() => tokens.get());
const list = byId('streams', HTMLUListElement);
const summary = byId('summary', HTMLElement);
const error = byId('error', HTMLElement);
const search = byId('search', HTMLInputElement);
const order = byId('order', HTMLSelectElement);
const remembered = new Remembered('list');
const arranged = new StreamOrder();
/** @type {Map<string, StreamCard>} */
const cards = new Map();
/** @type {Stream[]} as the server told them last */
let live = [];

function show() {
  const found = matching(live, search.value);
  const touched = list.matches(':hover, :focus-within');
  const chosen = isOrder(order.value) ? order.value : 'viewers';
  const shown = arranged.arrange(found, chosen, { touched, now: performance.now() });
  reconcile(list, cards, shown, (stream) => stream.id, (stream) => new StreamCard(stream, api));
  list.hidden = shown.length === 0;
  byId('empty', HTMLElement).hidden = live.length > 0;
  byId('no-match', HTMLElement).hidden = live.length === 0 || shown.length > 0;
  byId('finder', HTMLElement).hidden = live.length === 0;
  byId('to-grid', HTMLElement).hidden = live.length < 2;
  setText(summary, summaryOf(found));
}

/** @param {Stream[]} found */
function summaryOf(found) {
  if (live.length === 0) return t('No streams at the moment.');
  if (found.length < live.length) return t('{found} of {streams}', { found: found.length, streams: counted(live.length, 'stream') });
  const viewers = live.reduce((sum, stream) => sum + stream.viewers, 0);
  return t('{streams}, {viewers}', { streams: counted(live.length, 'stream'), viewers: counted(viewers, 'viewer') });
}

const poller = new VisiblePoller(async () => {
  try {
    live = (await api.streams()).filter((stream) => stream.state === 'live');
    error.hidden = true;
    show();
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    setText(error, t('{problem} Trying again…', { problem: problem.message }));
    error.hidden = false;
    // The cards of the last answer stay: they are more useful than an empty page, and the error says that they are
    // old.
    if (cards.size === 0) setText(summary, t('The list could not be loaded.'));
  }
}, PERIOD_MS);

function listen() {
  const kept = remembered.get('order') ?? '';
  if (isOrder(kept)) order.value = kept;
  search.addEventListener('input', show);
  order.addEventListener('change', () => {
    remembered.set('order', order.value);
    show();
  });
  byId('finder', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
  byId('show-all', HTMLElement).addEventListener('click', () => {
    search.value = '';
    show();
    search.focus();
  });
  document.addEventListener('keydown', (event) => {
    // As elsewhere on the web; not while somebody types, and combinations belong to the browser.
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key !== '/' || typing || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    search.focus();
  });
}

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
listen();
poller.start();
