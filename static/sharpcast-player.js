/**
 * `<sharpcast-player src="/watch/NAME">`: the stable address of the embedded player.
 * docs/embedding.md describes it.
 */

import { SharpcastPlayer } from './js/player/sharpcast-player.js';

// A page may load it twice, as from two places of its templates.
if (customElements.get('sharpcast-player') === undefined) customElements.define('sharpcast-player', SharpcastPlayer);

export { SharpcastPlayer };
