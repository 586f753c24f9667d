/** The keys of a player: views, hold to compare, still, sound, full screen. */

/**
 * @typedef {object} KeyedPlayer
 * @property {(view: string) => void} show
 * @property {{hold: () => void, release: () => void}} holding
 * @property {() => void} saveStill
 */

/**
 * @param {Document | HTMLElement} target that hears the keys
 * @param {KeyedPlayer} player
 * @param {Record<string, () => void>} more actions of the page, by key
 */
export function listenToKeys(target, player, more) {
  /** @type {Record<string, () => void>} */
  const actions = {
    1: () => player.show('source'),
    2: () => player.show('split'),
    3: () => player.show('enhanced'),
    c: () => player.holding.hold(),
    p: () => player.saveStill(),
    ...more,
  };
  target.addEventListener('keydown', (event) => {
    if (!(event instanceof KeyboardEvent)) return;
    // Combinations belong to the browser and to screen readers; a key that is held down must not flicker.
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event)) return;
    actions[event.key.toLowerCase()]?.();
  });
  target.addEventListener('keyup', (event) => {
    if (event instanceof KeyboardEvent && event.key.toLowerCase() === 'c') player.holding.release();
  });
}

/** @param {KeyboardEvent} event */
function isTyping(event) {
  const [target] = event.composedPath();
  return target instanceof HTMLInputElement && !['range', 'checkbox', 'radio'].includes(target.type);
}
