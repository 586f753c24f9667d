/**
 * What a broadcast page's query asks for. Pure.
 *
 * @typedef {object} BroadcastQuery
 * @property {string} stream
 * @property {import('./capture.js').SourceKind} source
 * @property {number} width
 * @property {number} height
 * @property {boolean} asksSize whether the link names a size
 * @property {number} kbps
 * @property {number} fps
 * @property {boolean} microphone
 * @property {boolean} auto go live at once
 */

/**
 * A whole number within limits, or the default where the text is not one.
 *
 * @param {string | null} text
 * @param {number} least
 * @param {number} most
 * @param {number} otherwise
 */
export function wholeNumber(text, least, most, otherwise) {
  // `Number` alone would take '', '1e9', '0x10' and '-3', so the text is checked first. A number outside the
  // limits is brought back to the nearest one, because a link that asks for too much still says what was meant.
  if (text === null || !/^\d+$/.test(text)) return otherwise;
  return Math.min(most, Math.max(least, Number(text)));
}

/**
 * `?stream=NAME&source=camera&width=480&height=270&kbps=800&fps=30&mic=0&auto=1`; everything may be missing.
 *
 * @param {string} search
 * @returns {BroadcastQuery}
 */
export function parseQuery(search) {
  const query = new URLSearchParams(search);
  const source = query.get('source');
  return {
    stream: query.get('stream') ?? '',
    source: source === 'screen' || source === 'file' ? source : 'camera',
    // 480x270 at 30 fps and 800 kbit/s is what the form starts with.
    width: wholeNumber(query.get('width'), 16, 1920, 480),
    height: wholeNumber(query.get('height'), 16, 1920, 270),
    asksSize: query.has('width') || query.has('height'),
    kbps: wholeNumber(query.get('kbps'), 100, 8000, 800),
    fps: wholeNumber(query.get('fps'), 1, 60, 30),
    microphone: query.get('mic') !== '0',
    auto: query.get('auto') === '1',
  };
}
