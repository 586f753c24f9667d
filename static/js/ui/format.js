/** Numbers and states in words. Pure. */

/**
 * @param {number | null | undefined} value
 * @param {number} digits
 */
export function number(value, digits = 0) {
  return value === null || value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(digits);
}

/** @param {number | null | undefined} kbps */
export function bitrate(kbps) {
  if (kbps === null || kbps === undefined || !Number.isFinite(kbps)) return '–';
  return kbps < 1000 ? `${kbps.toFixed(0)} kbit/s` : `${(kbps / 1000).toFixed(1)} Mbit/s`;
}

/** @param {number | null | undefined} ms */
export function milliseconds(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  // Below 10 ms a tenth is a difference that matters; above, it would only flicker.
  return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
}

/** @param {{width: number, height: number} | null | undefined} picture */
export function size(picture) {
  return picture && picture.width > 0 ? `${picture.width}×${picture.height}` : '–';
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** @type {Record<string, string>} */
const STATES = {
  enhancing: 'Enhancing',
  idle: 'Not watched',
  starting: 'Starting',
  bypass: 'Not enhanced',
  off: 'Enhancement off',
  waiting: 'Waiting for a worker',
};

/** @param {string} state of enhancement */
export function stateWords(state) {
  return STATES[state] ?? state;
}

/**
 * @param {number} strength 0: true to what was sent; 1: as crisp as the model can
 * @returns {string} `faithful`, `50 % crisp` or `crisp`
 */
export function styleWords(strength) {
  const percent = Math.round(strength * 100);
  if (percent <= 0) return 'faithful';
  return percent >= 100 ? 'crisp' : `${percent} % crisp`;
}

/**
 * @param {string} words
 * @returns {string} with a capital first and a full stop last
 */
export function sentence(words) {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(whole) || whole === '' ? whole : `${whole}.`;
}

/**
 * @param {import('../types.js').FrameCounts} frames
 * @returns {string} what became of them, with what was saved on
 */
export function framesWords({ in: arrived, out, enhanced, bicubic, bypassed, levels }) {
  const [temporal, small] = ['temporal', 'small'].map((level) =>
    Object.values(levels[level] ?? {}).reduce((sum, one) => sum + one, 0));
  const ways = [temporal > 0 && `${temporal} by temporal propagation`, small > 0 && `${small} by the small net`].filter((part) => part);
  const of = ways.length > 0 ? ` (${ways.join(', ')})` : '';
  return `${out} of ${arrived} · ${enhanced} enhanced${of}, ${bicubic} resized, ${bypassed} as sent`;
}

/**
 * The best rendition: the one with the most pixels.
 *
 * @param {import('../types.js').Stream} stream
 * @returns {import('../types.js').Rendition | null} null where only the source is there
 */
export function enhancedRendition(stream) {
  // A rendition without a width is not made yet. Several may be made at once; the largest is what "enhanced"
  // promises.
  const others = (stream.renditions ?? []).filter((rendition) => rendition.name !== 'source' && rendition.width > 0);
  others.sort((a, b) => b.width * b.height - a.width * a.height);
  return others[0] ?? null;
}

/**
 * @param {Record<string, number> | undefined} dropped
 * @returns {string} `3 late, 1 queue`, or `none`
 */
export function droppedWords(dropped) {
  const parts = Object.entries(dropped ?? {}).filter(([, count]) => count > 0);
  return parts.length === 0 ? 'none' : parts.map(([reason, count]) => `${count} ${reason}`).join(', ');
}

/** Stream names: 1 to 64 letters, digits, `_`, `.` and `-`, a letter or digit first. As in wire/keys.py. */
export const STREAM_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/**
 * @param {string} name
 * @returns {string} what is wrong with it, empty where nothing is
 */
export function nameFault(name) {
  if (name === '') return 'Give the stream a name.';
  if (name.length > 64) return 'A name has at most 64 characters.';
  if (!/^[A-Za-z0-9]/.test(name)) return 'A name starts with a letter or a digit.';
  if (!STREAM_NAME.test(name)) return 'A name has only letters, digits, "_", "." and "-".';
  return '';
}
