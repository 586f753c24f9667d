/** Recorded files put together to what a person looks for: one part of a broadcast, as sent and enhanced. Pure. */

/** @typedef {import('../types.js').Recording} Recording */

/**
 * @typedef {object} Part one part of a broadcast
 * @property {string} key
 * @property {Recording} main what is played at first: the enhanced file where there is one
 * @property {Recording | null} source the file as sent, beside an enhanced one
 * @property {number} offset_s how much later the enhanced file begins than the one as sent
 */

/** Files of one broadcast that begin this far apart are parts of it that follow each other. */
const MAX_APART_MS = 15000;

/**
 * @param {Recording[]} recordings the newest first
 * @returns {Part[]} the newest first; each file stands in one of them
 */
export function parts(recordings) {
  /** @type {Set<Recording>} */
  const taken = new Set();
  const found = recordings.filter((each) => each.rendition !== 'source').map((main) => {
    const source = nearest(main, recordings.filter((each) => !taken.has(each)));
    if (source !== null) taken.add(source);
    return { key: key(main), main, source, offset_s: source === null ? 0 : begin(main) - begin(source) };
  });
  const alone = recordings.filter((each) => each.rendition === 'source' && !taken.has(each));
  return [...found, ...alone.map((main) => ({ key: key(main), main, source: null, offset_s: 0 }))]
    .sort((a, b) => begin(b.main) - begin(a.main));
}

/**
 * @param {Recording} main
 * @param {Recording[]} recordings
 */
function nearest(main, recordings) {
  const same = recordings.filter((each) =>
    each.rendition === 'source' && each.stream === main.stream && each.broadcast === main.broadcast && each.broadcast !== '');
  const distance = (/** @type {Recording} */ each) => Math.abs(begin(each) - begin(main)) * 1000;
  same.sort((a, b) => distance(a) - distance(b));
  return same.length > 0 && distance(same[0]) <= MAX_APART_MS ? same[0] : null;
}

/** @param {Recording} recording */
function key(recording) {
  return `${recording.stream}/${recording.file}`;
}

/**
 * @param {Recording} recording
 * @returns {number} its beginning in s, as exactly as its name tells
 */
export function begin(recording) {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3})Z/.exec(recording.file) ?? [];
  if (second === undefined) return Date.parse(recording.started_at) / 1000;
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute)) / 1000 + Number(second);
}

/**
 * @param {number} seconds
 * @returns {string} `1:02:03`, or `2:03`
 */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = String(rest).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${padded}` : `${minutes}:${padded}`;
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}
