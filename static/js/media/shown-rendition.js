/**
 * Tells which rendition a viewer is shown: the server changes it within one session, as the connection allows. Pure.
 *
 * @typedef {{name: string, width: number, height: number, isBest: boolean}} Shown
 * `isBest`: no rendition of the stream has a larger picture, or as large a one at a much higher rate
 */

/** Renditions of one size are told apart by their rates only where these differ by so much. */
const FACTOR = 1.5;

/**
 * @param {import('../types.js').Rendition[]} renditions
 * @param {{width: number, height: number, kbps: number | null} | null} stats of what is decoded
 * @returns {Shown | null} null while nothing is decoded, or where it fits no rendition
 */
export function shownRendition(renditions, stats) {
  if (stats === null || stats.width === 0) return null;
  const { width, height, kbps } = stats;
  const fitting = renditions.filter((one) => one.width === width && one.height === height);
  const byRate = [...fitting].sort((one, other) => distance(one.kbps, kbps) - distance(other.kbps, kbps));
  const [nearest] = byRate;
  if (nearest === undefined) return null;
  // A variant in another codec is the same picture.
  const name = nearest.of || nearest.name;
  const isBest = !renditions.some(
    (one) => one.width * one.height > width * height || (one.width === width && one.kbps > FACTOR * nearest.kbps),
  );
  return { name, width, height, isBest };
}

/**
 * @param {number} rate
 * @param {number | null} measured
 */
function distance(rate, measured) {
  if (measured === null || measured <= 0 || rate <= 0) return 0;
  return Math.abs(Math.log(rate / measured));
}
