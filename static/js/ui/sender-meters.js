import { byId, say } from './dom.js';
import { number, size } from './format.js';

/** @type {Record<string, string>} */
const LIMITS = { none: 'nothing', cpu: 'this computer', bandwidth: 'the network', other: 'something else' };

/**
 * What is being sent, in the meters under the preview.
 *
 * @param {import('../media/stats.js').VideoStats | null} stats null: nothing is sent
 */
export function showMeters(stats) {
  byId('meters', HTMLElement).dataset.idle = String(stats === null);
  say(byId('stat-fps', HTMLElement), number(stats?.fps));
  say(byId('stat-kbps', HTMLElement), number(stats?.kbps));
  say(byId('stat-rtt', HTMLElement), number(stats?.rttMs));
  say(byId('stat-size', HTMLElement), size(stats));
  say(byId('stat-limit', HTMLElement), stats ? (LIMITS[stats.limitation] ?? stats.limitation) : '–');
}
