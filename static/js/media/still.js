/** A still of both sides: the same frame as sent and as enhanced, beside each other in one PNG. */

/** Height of the line of words below the pictures, as a part of their width. */
const CAPTION = 0.035;
const GROUND = '#070b0a';
const INK = '#e8efee';

/**
 * `garden_2026-11-29T01-33-10Z.png`: characters that every file system takes.
 *
 * @param {string} stream
 * @param {Date} date
 */
export function stillName(stream, date) {
  const time = date.toISOString().replace(/\.\d+/, '').replaceAll(':', '-');
  return `${stream}_${time}.png`;
}

/**
 * @param {{width: number, height: number}} source
 * @param {{width: number, height: number}} enhanced
 * @returns {{width: number, height: number, caption: number}} of one side: the larger one's, so that no sample of it
 *   is lost
 */
export function sideOf(source, enhanced) {
  const larger = source.width > enhanced.width ? source : enhanced;
  return { width: larger.width, height: larger.height, caption: Math.max(20, Math.round(larger.width * CAPTION)) };
}

/**
 * @param {HTMLCanvasElement} source
 * @param {HTMLCanvasElement} enhanced
 * @param {{source: string, enhanced: string}} captions
 * @returns {HTMLCanvasElement} both beside each other, the source enlarged as the browser does it
 */
export function composed(source, enhanced, captions) {
  const { width, height, caption } = sideOf(source, enhanced);
  const canvas = document.createElement('canvas');
  canvas.width = 2 * width;
  canvas.height = height + caption;
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return canvas;
  context.fillStyle = GROUND;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.fillStyle = INK;
  context.font = `${Math.round(caption * 0.55)}px system-ui, sans-serif`;
  context.textBaseline = 'middle';
  for (const [index, [picture, words]] of [[source, captions.source], [enhanced, captions.enhanced]].entries()) {
    const left = index * width;
    context.drawImage(/** @type {HTMLCanvasElement} */ (picture), left, 0, width, height);
    context.fillText(/** @type {string} */ (words), left + caption * 0.4, height + caption / 2, width - caption);
  }
  return canvas;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>}
 */
export function pngOf(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob === null ? reject(new Error('The picture could not be written.')) : resolve(blob)), 'image/png');
  });
}

/**
 * Gives a file to the browser to be saved.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser reads the address after the click has returned.
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
