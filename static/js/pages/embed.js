/** The page for frames: one player and nothing else. Its address and query choose stream, view and rendition. */

import '../../sharpcast-player.js';
import { pathParts } from '../net/address.js';
import { byId } from '../ui/dom.js';
import { openPage } from '../ui/page-texts.js';

const OPTIONS = ['view', 'rendition', 'label', 'keep-original'];

await openPage();
const stream = decodeURIComponent(pathParts(location.pathname)[1] ?? '');
document.title = `${stream} · Sharpcast`;
/** @type {Record<string, string>} */
const attributes = { src: location.href };
const query = new URLSearchParams(location.search);
for (const name of OPTIONS) {
  const value = query.get(name);
  if (value !== null) attributes[name] = value;
}
const player = document.createElement('sharpcast-player');
for (const [name, value] of Object.entries(attributes)) player.setAttribute(name, value);
byId('main', HTMLElement).append(player);
