/** The token to watch that stands in a page's address. */

import { TokenStore } from './token-store.js';

/**
 * Takes `?token=` out of the page's address into the tab's own store, which a reload finds again.
 *
 * It does not stay in the address: histories, screenshots and addresses that people pass on would have it. Where the
 * browser refuses storage it stays, or a reload would lose it.
 *
 * @param {string} stream whose token it is; empty: of a list of all
 * @returns {TokenStore} that has it, or the one of earlier in this tab: of the stream, else of a list
 */
export function takeViewToken(stream) {
  const store = new TokenStore(`view.${stream}`);
  const place = new URL(location.href);
  const given = place.searchParams.get('token');
  if (given !== null && store.set(given)) {
    place.searchParams.delete('token');
    history.replaceState(history.state, '', place);
  }
  // Who goes from a list to a stream of it has shown the token there.
  if (store.get() === '') store.set(new TokenStore('view.').get());
  return store;
}
