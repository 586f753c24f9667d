/** What `src` of an embedded player names: a server and a stream. Pure. */

import { nameFault } from '../ui/format.js';

const PLACE = /^(.*\/)(?:watch|embed)\/([^/]+)\/?$/;

/**
 * @param {string} src address of a watch page, absolute or relative to the document
 * @param {string} base of the document
 * @returns {{root: string, stream: string, token: string, fault: string}} `token` to watch, of the query; `fault` says what is wrong, empty where nothing is
 */
export function parseSource(src, base) {
  const nothing = { root: '', stream: '', token: '', fault: 'The player has no address: set src to that of a watch page.' };
  if (src.trim() === '') return nothing;
  let url;
  let stream = '';
  try {
    url = new URL(src, base);
    stream = decodeURIComponent(PLACE.exec(url.pathname)?.[2] ?? '');
  } catch (error) {
    return { ...nothing, fault: `“${src}” is no address.` };
  }
  const root = PLACE.exec(url.pathname)?.[1];
  if (root === undefined || !['http:', 'https:'].includes(url.protocol)) {
    return { ...nothing, fault: `“${src}” is not the address of a watch page, like https://host/watch/NAME.` };
  }
  return { root: url.origin + root, stream, token: url.searchParams.get('token') ?? '', fault: nameFault(stream) };
}
