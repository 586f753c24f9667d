/**
 * The name by which the server counts this page's viewer once, however many sessions the page holds.
 *
 * It is random, made anew with each page and kept nowhere: it tells nothing about who watches.
 */

const BYTES = 9;

/** @returns {string} twelve letters, digits, dashes or underscores */
function makeName() {
  const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
  return btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_');
}

export const VIEWER_NAME = makeName();

/**
 * Adds the name to an endpoint's query.
 *
 * @param {string} endpoint absolute, or relative to the page
 */
export function withViewerName(endpoint) {
  return `${endpoint}${endpoint.includes('?') ? '&' : '?'}viewer=${VIEWER_NAME}`;
}
