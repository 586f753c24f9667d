/** Numbers and states in words, in the language of the page. Pure. */

import { languageTag, msg, plural, t } from './texts.js';

/**
 * @param {number | null | undefined} value
 * @param {number} digits
 */
export function number(value, digits = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  // Digits in groups would make a figure jump as it grows.
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
  return new Intl.NumberFormat(languageTag(), format).format(value);
}

/** @param {number | null | undefined} kbps */
export function bitrate(kbps) {
  if (kbps === null || kbps === undefined || !Number.isFinite(kbps)) return '–';
  return kbps < 1000 ? `${number(kbps)} kbit/s` : `${number(kbps / 1000, 1)} Mbit/s`;
}

/** @param {number | null | undefined} ms */
export function milliseconds(ms) {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '–';
  // Below 10 ms a tenth is a difference that matters; above, it would only flicker.
  return `${number(ms, ms < 10 ? 1 : 0)} ms`;
}

/** @param {{width: number, height: number} | null | undefined} picture */
export function size(picture) {
  return picture && picture.width > 0 ? `${picture.width}×${picture.height}` : '–';
}

/**
 * A count with its noun; the key of the sentence is `{n} nouns`.
 *
 * @param {number} count
 * @param {string} noun English, in the singular, whose plural has an s
 */
export function counted(count, noun) {
  return plural(`{n} ${noun}`, `{n} ${noun}s`, count);
}

/** From the longest on: seconds of a unit, and what `Intl` calls it. */
const UNITS = /** @type {[number, Intl.RelativeTimeFormatUnit][]} */ ([[86400, 'day'], [3600, 'hour'], [60, 'minute'], [1, 'second']]);

/**
 * @param {number} ms since then; less than a second counts as one
 * @returns {string} `5 minutes ago`
 */
export function ago(ms) {
  const seconds = Math.max(1, Math.floor(ms / 1000));
  const [length, unit] = UNITS.find(([one]) => seconds >= one) ?? UNITS[3];
  return new Intl.RelativeTimeFormat(languageTag()).format(-Math.floor(seconds / length), unit);
}

/** @type {Record<string, string>} */
const STATES = {
  enhancing: msg('Enhancing'),
  idle: msg('Not watched'),
  starting: msg('Starting'),
  bypass: msg('Not enhanced'),
  off: msg('Enhancement off'),
  waiting: msg('Waiting for a worker'),
};

/** @param {string} state of enhancement */
export function stateWords(state) {
  return Object.hasOwn(STATES, state) ? t(STATES[state]) : state;
}

/**
 * @param {number} strength 0: true to what was sent; 1: as crisp as the model can
 * @returns {string} `faithful`, `50 % crisp` or `crisp`
 */
export function styleWords(strength) {
  const percent = Math.round(strength * 100);
  if (percent <= 0) return t('faithful');
  return percent >= 100 ? t('crisp') : t('{percent} % crisp', { percent });
}

/**
 * @param {string} words
 * @returns {string} with a capital first and a full stop last
 */
export function sentence(words) {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?。！？]$/.test(whole) || whole === '' ? whole : `${whole}.`;
}

/**
 * @param {import('../types.js').FrameCounts} frames
 * @returns {string} what became of them, with what was saved on
 */
export function framesWords({ in: arrived, out, enhanced, bicubic, bypassed, levels }) {
  const [temporal, small] = ['temporal', 'small'].map((level) =>
    Object.values(levels[level] ?? {}).reduce((sum, one) => sum + one, 0));
  const values = { out, arrived, enhanced, bicubic, bypassed, temporal, small };
  // Whole sentences, since languages put their parts in other orders.
  if (temporal > 0 && small > 0) {
    return t('{out} of {arrived} · {enhanced} enhanced ({temporal} by temporal propagation, {small} by the small net), {bicubic} resized, {bypassed} as sent', values);
  }
  if (temporal > 0) return t('{out} of {arrived} · {enhanced} enhanced ({temporal} by temporal propagation), {bicubic} resized, {bypassed} as sent', values);
  if (small > 0) return t('{out} of {arrived} · {enhanced} enhanced ({small} by the small net), {bicubic} resized, {bypassed} as sent', values);
  return t('{out} of {arrived} · {enhanced} enhanced, {bicubic} resized, {bypassed} as sent', values);
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
  return parts.length === 0 ? t('none') : parts.map(([reason, count]) => `${count} ${reason}`).join(', ');
}

/** Stream names: 1 to 64 letters, digits, `_`, `.` and `-`, a letter or digit first. As in wire/keys.py. */
export const STREAM_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/**
 * @param {string} name
 * @returns {string} what is wrong with it, empty where nothing is
 */
export function nameFault(name) {
  if (name === '') return t('Give the stream a name.');
  if (name.length > 64) return t('A name has at most 64 characters.');
  if (!/^[A-Za-z0-9]/.test(name)) return t('A name starts with a letter or a digit.');
  if (!STREAM_NAME.test(name)) return t('A name has only letters, digits, "_", "." and "-".');
  return '';
}
