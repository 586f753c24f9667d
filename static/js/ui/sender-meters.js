import { byId, setText } from './dom.js';
import { number, size } from './format.js';
import { msg, t } from './texts.js';

/** @type {Record<string, string>} */
const LIMITS = { none: msg('nothing'), cpu: msg('this computer'), bandwidth: msg('the network'), other: msg('something else') };

/**
 * What is being sent, in the meters under the preview.
 *
 * @param {import('../media/stats.js').VideoStats | null} stats null: nothing is sent
 */
export function showMeters(stats) {
  byId('meters', HTMLElement).dataset.idle = String(stats === null);
  setText(byId('stat-fps', HTMLElement), number(stats?.fps));
  setText(byId('stat-kbps', HTMLElement), number(stats?.kbps));
  setText(byId('stat-rtt', HTMLElement), number(stats?.rttMs));
  setText(byId('stat-size', HTMLElement), size(stats));
  setText(byId('stat-limit', HTMLElement), stats ? t(LIMITS[stats.limitation] ?? stats.limitation) : '–');
}
