/** Up to sixteen streams side by side: the large one enhanced, the others as they are sent. */

import { address } from '../net/address.js';
import { Api, ApiError } from '../net/api.js';
import { byId, reconcile, setText } from '../ui/dom.js';
import { counted } from '../ui/format.js';
import { GridChoice } from '../ui/grid-choice.js';
import { GridTile } from '../ui/grid-tile.js';
import { JoinPace } from '../ui/join-pace.js';
import { openPage } from '../ui/page-texts.js';
import { VisiblePoller } from '../ui/poller.js';
import { plural, t } from '../ui/texts.js';
import { takeViewToken } from '../ui/view-token.js';

const PERIOD_MS = 3000;

class GridPage {
  /** @param {RTCIceServer[]} iceServers */
  constructor(iceServers) {
    const token = takeViewToken('').get();
    this._api = new Api(() => token);
    this._list = byId('tiles', HTMLUListElement);
    this._choice = new GridChoice(new URLSearchParams(location.search).get('large') ?? '');
    const enlarge = (/** @type {string} */ name) => this._enlarge(name);
    this._parts = { iceServers, pace: new JoinPace(), enlarge, token };
    /** @type {Map<string, GridTile>} */
    this._tiles = new Map();
    this._observer = new IntersectionObserver((entries) => this._see(entries));
    this._poller = new VisiblePoller(() => this._refresh(), PERIOD_MS);
    document.addEventListener('keydown', (event) => this._onKey(event));
    addEventListener('pagehide', () => this._tiles.forEach((tile) => tile.close()));
    addEventListener('pageshow', (event) => event.persisted && location.reload());
  }

  start() {
    this._poller.start();
  }

  async _refresh() {
    const error = byId('error', HTMLElement);
    try {
      const live = (await this._api.streams()).filter((stream) => stream.state === 'live');
      this._show(this._choice.update(live));
      error.hidden = true;
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      // What plays goes on: media do not need the list.
      setText(error, t('{problem} Trying again…', { problem: problem.message }));
      error.hidden = false;
    }
  }

  /** @param {number} others streams that have no place */
  _show(others) {
    const { shown } = this._choice;
    const make = (/** @type {string} */ name) => {
      const tile = new GridTile(name, this._parts);
      this._observer.observe(tile.root);
      return tile;
    };
    reconcile(this._list, this._tiles, shown, (name) => name, make);
    this._list.hidden = shown.length === 0;
    this._list.dataset.count = shown.length <= 1 ? '1' : shown.length <= 6 ? 'few' : shown.length <= 8 ? 'some' : 'many';
    byId('empty', HTMLElement).hidden = shown.length > 0;
    const words = shown.length === 0 ? t('No streams at the moment.') : counted(shown.length, 'stream');
    const more = plural('{streams}, {n} more on the list', '{streams}, {n} more on the list', others, { streams: words });
    setText(byId('summary', HTMLElement), others > 0 ? more : words);
    this._showLarge();
  }

  _showLarge() {
    for (const [name, tile] of this._tiles) tile.enlarge(name === this._choice.large);
  }

  /** @param {string} name */
  _enlarge(name) {
    this._choice.enlarge(name);
    const place = new URL(location.href);
    place.searchParams.set('large', name);
    history.replaceState(null, '', place);
    this._showLarge();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  _see(entries) {
    for (const { target, isIntersecting } of entries) {
      for (const tile of this._tiles.values()) if (tile.root === target) tile.see(isIntersecting);
    }
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target instanceof HTMLSelectElement) return;
    const large = this._tiles.get(this._choice.large);
    if (large === undefined) return;
    if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
      event.preventDefault();
      this._enlarge(this._choice.beside(event.key === 'ArrowRight' ? 1 : -1));
    } else if (event.key.toLowerCase() === 'm') {
      large.toggleSound();
    } else if (event.key === 'Enter' && event.target === document.body) {
      location.assign(address(`watch/${encodeURIComponent(large.name)}`));
    }
  }
}

async function iceServers() {
  try {
    return (await new Api().server()).ice_servers;
  } catch (error) {
    if (error instanceof ApiError) return [];
    throw error;
  }
}

await openPage();
new GridPage(await iceServers()).start();
