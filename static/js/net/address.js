/** Addresses of this server, wherever a proxy has put it: below a path prefix, or at the root of a host. */

// The server may be reached below a path that only the proxy knows. This file always lies at static/js/net/, three
// levels below the place where the server begins, so no setting is needed.
/** This file's own address tells where the server begins. */
export const ROOT = new URL('../../../', import.meta.url).href;

/**
 * @param {string} path without a slash at its beginning
 * @returns {string} the absolute address
 */
export function address(path) {
  return new URL(path, ROOT).href;
}

/**
 * A page's path below the root, in parts: `/live/watch/cam1/` is `['watch', 'cam1']`.
 *
 * @param {string} pathname
 * @returns {string[]}
 */
export function pathParts(pathname) {
  const base = new URL(ROOT).pathname;
  // `pathname` stays percent-encoded: a name with an encoded slash must remain one part.
  const below = pathname.startsWith(base) ? pathname.slice(base.length) : pathname;
  return below.split('/').filter((part) => part !== '');
}
