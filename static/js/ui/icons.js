import { svg } from './dom.js';

/** @type {Record<string, string[]>} strokes on a 24 x 24 grid */
const PATHS = {
  sound: ['M4 9.5h3.5L12 5.5v13l-4.5-4H4z', 'M15.5 9a4 4 0 0 1 0 6', 'M18 6.5a8 8 0 0 1 0 11'],
  muted: ['M4 9.5h3.5L12 5.5v13l-4.5-4H4z', 'M16 9.5l5 5', 'M21 9.5l-5 5'],
  fullscreen: ['M4 9V4h5', 'M15 4h5v5', 'M20 15v5h-5', 'M9 20H4v-5'],
};

/** @param {'sound' | 'muted' | 'fullscreen'} name */
export function icon(name) {
  const paths = PATHS[name].map((d) => svg('path', { d }));
  return svg('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, ...paths);
}
