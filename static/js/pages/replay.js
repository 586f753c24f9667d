/** The page of recordings: the list, and the player above it. */

import { begin, clock, megabytes, parts } from '../media/broadcasts.js';
import { address } from '../net/address.js';
import { Api, ApiError } from '../net/api.js';
import { FileTokens } from '../net/file-tokens.js';
import { byId, el, reconcile, setText } from '../ui/dom.js';
import { counted, size } from '../ui/format.js';
import { ReplayPlayer } from '../ui/replay-player.js';
import { openPage } from '../ui/page-texts.js';
import { VisiblePoller } from '../ui/poller.js';
import { languageTag, t } from '../ui/texts.js';
import { takeViewToken } from '../ui/view-token.js';

/** @typedef {import('../types.js').Recording} Recording */
/** @typedef {import('../media/broadcasts.js').Part} Part */

const PERIOD_MS = 10000;
const PAGE = 60;
/** Tokens that are exchanged each time the list is read: an owner's are noted in the audit log. */
const EXCHANGES = 6;

/** @param {Recording} recording */
function urlOf(recording) {
  const path = `recordings/${encodeURIComponent(recording.stream)}/${encodeURIComponent(recording.file)}`;
  // A video element sets no headers, so a token to watch is a part of its address.
  const token = fileTokens.get(recording.stream) ?? '';
  return address(token === '' ? path : `${path}?token=${encodeURIComponent(token)}`);
}

/** One part of a broadcast as a card. Its picture is the first one of the file, which the browser shows. */
class PartCard {
  /** @param {Part} part */
  constructor(part) {
    this._part = part;
    this._facts = el('span', { class: 'muted small figures' });
    this._gaps = el('span', { class: 'gap small' });
    const at = new Date(begin(part.main) * 1000);
    const format = new Intl.DateTimeFormat(languageTag(), { dateStyle: 'medium', timeStyle: 'short' });
    this._poster = el('video', { preload: 'metadata', muted: true, tabindex: -1, 'aria-hidden': 'true' });
    const time = el('time', { datetime: part.main.started_at }, format.format(at));
    const facts = el('span', { class: 'facts' }, el('span', { class: 'name' }, part.main.stream), time, this._facts, this._gaps);
    this._button = el('button', { class: 'open', type: 'button' }, this._poster, facts);
    this._button.addEventListener('click', () => open(this._part));
    this.root = el('li', { class: 'recording' }, this._button);
  }

  /** @param {Part} part */
  update(part) {
    this._part = part;
    const { main, source } = part;
    // Once: a newer token would load the picture again.
    if (!this._poster.hasAttribute('src') && fileTokens.get(main.stream) !== null) this._poster.src = urlOf(main);
    const kind = main.rendition === 'source' ? t('As sent') : source === null ? t('Enhanced') : t('As sent and enhanced');
    const bytes = megabytes(main.bytes + (source?.bytes ?? 0));
    const words = [clock(main.length_s), bytes, size(main), kind];
    setText(this._facts, (main.live ? [t('Being recorded'), ...words] : words).join(' · '));
    const gaps = main.gaps.length;
    setText(this._gaps, gaps === 0 ? '' : counted(gaps, 'gap'));
    this._button.setAttribute('aria-current', String(part.key === chosen));
  }
}

await openPage();
const query = new URLSearchParams(location.search);
const stream = query.get('stream') ?? '';
const tokens = takeViewToken(stream);
const api = new Api(() => tokens.get());
const fileTokens = new FileTokens(() => tokens.get(), (name, lifeS) => api.makeViewToken(name, lifeS));
const tokenForm = byId('token-form', HTMLFormElement);
const tokenField = byId('token', HTMLInputElement);
const list = byId('recordings', HTMLUListElement);
const error = byId('error', HTMLElement);
const summary = byId('summary', HTMLElement);
const more = byId('more', HTMLButtonElement);
const player = new ReplayPlayer(urlOf);
/** @type {Map<string, PartCard>} */
const cards = new Map();
/** @type {Part[]} */
let shown = [];
let chosen = '';
let limit = PAGE;

/** @param {Part} part */
async function open(part) {
  chosen = part.key;
  show(shown);
  try {
    await fileTokens.prepare(part.main.stream);
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    setText(error, problem.message);
    error.hidden = false;
    return;
  }
  // Another one may have been chosen meanwhile.
  if (chosen === part.key) player.open(part);
}

/**
 * Makes tokens for the pictures of some streams that have none yet; the next ones have their turn when the list is read
 * again.
 *
 * @param {Part[]} found
 */
async function prepare(found) {
  const missing = new Set(found.map((part) => part.main.stream).filter((name) => fileTokens.get(name) === null));
  for (const name of [...missing].slice(0, EXCHANGES)) await fileTokens.prepare(name);
}

/** @param {Part[]} found */
function show(found) {
  shown = found;
  reconcile(list, cards, found, (part) => part.key, (part) => new PartCard(part));
  list.hidden = found.length === 0;
  byId('empty', HTMLElement).hidden = found.length > 0;
}

async function load() {
  try {
    const answer = await api.recordings(stream, limit);
    const found = parts(answer.recordings);
    show(found);
    more.hidden = answer.before === null;
    error.hidden = true;
    setText(summary, shown.length === 0 ? t('No recordings at the moment.') : counted(shown.length, 'recording'));
    await prepare(found);
    show(shown);
  } catch (problem) {
    if (!(problem instanceof ApiError)) throw problem;
    if (problem.status === 401 || problem.status === 403) return askForToken(problem.message);
    setText(error, t('{problem} Trying again…', { problem: problem.message }));
    error.hidden = false;
    if (shown.length === 0) setText(summary, t('The list could not be loaded.'));
  }
}

/** @param {string} words why */
function askForToken(words) {
  // A wrong token that is shown again and again would be too many of them.
  poller.stop();
  show([]);
  byId('empty', HTMLElement).hidden = true;
  setText(error, words);
  error.hidden = tokenForm.hidden = false;
  setText(summary, '');
}

tokenForm.addEventListener('submit', (event) => {
  event.preventDefault();
  tokens.set(tokenField.value.trim());
  tokenField.value = '';
  tokenForm.hidden = true;
  poller.start();
});
more.addEventListener('click', () => {
  limit += PAGE;
  load();
});
const poller = new VisiblePoller(load, PERIOD_MS);
poller.start();
