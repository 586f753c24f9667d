/** The style sheets of the embedded player, shared by all players of a page. */

/** Sheets of the pages; the last one sets what pages set for their whole document. */
const FILES = ['player.css', 'overlay.css', 'player-host.css'];

/** @type {Promise<CSSStyleSheet[]> | null} */
let sheets = null;

/**
 * Constructed sheets: a policy that forbids inline styles allows them. They are fetched like any other data, so a
 * page's policy must allow this server in `connect-src`, as for the pictures.
 *
 * @returns {Promise<CSSStyleSheet[]>}
 */
export function styleSheets() {
  sheets ??= Promise.all(FILES.map(load)).catch((error) => {
    // The next player tries again.
    sheets = null;
    throw error;
  });
  return sheets;
}

/** @param {string} name */
async function load(name) {
  const answer = await fetch(new URL(`../../css/${name}`, import.meta.url));
  if (!answer.ok) throw new TypeError(`${name} cannot be loaded: ${answer.status}`);
  return new CSSStyleSheet().replace(await answer.text());
}
