/** The parts of an embedded player, made without markup: pages with strict policies take no `innerHTML`. */

import { el } from '../ui/dom.js';
import { msg } from '../ui/texts.js';

/** @typedef {import('../ui/player-view.js').View} View */

/** @type {[View, string, string][]} */
const VIEWS = [['source', 'Source', '1'], ['split', 'Split', '2'], ['enhanced', 'Enhanced', '3']];

/**
 * @param {string} label of the player, for a screen reader
 * @returns {HTMLElement} with all that `PlayerView` and `PlayerControls` look for
 */
export function playerParts(label) {
  const player = el('div', { id: 'player', class: 'player', role: 'region', 'aria-label': label, tabindex: -1 });
  player.append(stage(), bar(), said('announcement'), said('spoken'), said('saved'));
  return player;
}

function stage() {
  const box = el('div', { id: 'stage', class: 'stage', 'data-view': 'split', 'data-paint': 'video', 'data-playing': 'false' });
  box.append(
    layer('enhanced', 'layer', { 'aria-label': 'Enhanced picture' }),
    layer('source', 'layer before', { 'aria-hidden': 'true' }),
    el('canvas', { id: 'enhanced-frame', class: 'layer frame', 'aria-hidden': 'true' }),
    el('canvas', { id: 'source-frame', class: 'layer frame before', 'aria-hidden': 'true' }),
    el('span', { class: 'side side-source', 'aria-hidden': 'true' }, 'Source'),
    el('button', {
      id: 'enhanced-label', class: 'side side-enhanced', type: 'button', 'aria-expanded': 'false',
      'aria-controls': 'details', hidden: true,
    }),
    divider(),
    el('section', { id: 'details', class: 'details', 'aria-label': 'About this picture', hidden: true }),
    card(),
    el('button', { id: 'unmute', class: 'button primary unmute', type: 'button', hidden: true }, 'Unmute'),
  );
  return box;
}

/**
 * @param {string} id
 * @param {string} kind
 * @param {Record<string, string>} attributes
 */
function layer(id, kind, attributes) {
  const video = el('video', { id, class: kind, autoplay: true, playsinline: true, ...attributes });
  // The attribute alone does not mute an element that a script has made.
  video.muted = true;
  return video;
}

function divider() {
  const slider = {
    role: 'slider', tabindex: 0, 'aria-label': 'Divider between source and enhanced picture',
    'aria-orientation': 'horizontal', 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuenow': 50,
  };
  return el('div', { id: 'split', class: 'split', ...slider }, el('span', { class: 'grip', 'aria-hidden': 'true' }));
}

function card() {
  const words = el('p', { id: 'card-text' }, el('span', { id: 'card-words' }), ' ', el('span', { id: 'card-when', 'aria-hidden': 'true' }));
  return el(
    'div',
    { id: 'card', class: 'card', hidden: true },
    el('span', { class: 'pulse', 'aria-hidden': 'true' }),
    el('h2', { id: 'card-title' }),
    words,
    el('button', { id: 'card-retry', class: 'button', type: 'button' }, 'Try now'),
    tokenForm(),
  );
}

function tokenForm() {
  return el(
    'form',
    { id: 'card-token', class: 'card-token', hidden: true },
    el('label', { for: 'card-token-value' }, 'View token'),
    el('input', { id: 'card-token-value', type: 'password', autocomplete: 'off' }),
    el('button', { class: 'button primary', type: 'submit' }, 'Watch'),
  );
}

function bar() {
  const views = VIEWS.map(([view, words, key]) =>
    el('button', { type: 'button', 'data-view': view, 'aria-pressed': 'false', 'aria-keyshortcuts': key }, words));
  const sound = el(
    'div',
    { class: 'sound' },
    el('button', { id: 'mute', class: 'icon', type: 'button', 'aria-pressed': 'true', 'aria-label': 'Mute' }),
    el('input', { id: 'volume', type: 'range', min: 0, max: 100, value: 100, 'aria-label': 'Volume' }),
  );
  const tools = el(
    'div',
    { class: 'tools' },
    el('button', { id: 'still', class: 'icon wide', type: 'button', 'aria-keyshortcuts': 'p' }, 'Still'),
    el('button', { id: 'fullscreen', class: 'icon', type: 'button', 'aria-label': 'Full screen', 'aria-keyshortcuts': 'f' }),
  );
  const compare = el('button', { id: 'compare', class: 'icon wide', type: 'button', 'aria-keyshortcuts': 'c' }, 'Hold to compare');
  const keep = el('input', { id: 'keep', type: 'checkbox', hidden: true, 'aria-label': msg('Keep the original ready') });
  return el(
    'div',
    { class: 'bar', role: 'group', 'aria-label': 'Player controls' },
    el('div', { class: 'views', role: 'group', 'aria-label': 'View' }, ...views), compare, sound, tools, keep,
  );
}

/** @param {string} id of a region that is read out and not seen */
function said(id) {
  return el('p', { id, class: 'visually-hidden', role: 'status' });
}
