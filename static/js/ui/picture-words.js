/** What the badge on the picture says. Pure. */

import { bitrate, milliseconds, size, styleWords } from './format.js';

/** @typedef {import('../net/picture-events.js').PictureView} PictureView */

export const ENHANCED = 'Enhanced by a neural net';
export const ORIGINAL = 'Original';

/**
 * Why a picture is not enhanced: a few words for the badge, and a sentence for the details.
 *
 * @type {Record<string, [string, string]>}
 */
const WHY = {
  time: ['nobody has time for it', 'No worker has time to enhance it at the moment. It goes on by itself.'],
  starting: ['starting', 'The neural net is being made ready. It takes some seconds at most.'],
  off: ['switched off', 'The operator of this server switched enhancement off.'],
  owner: ['as the broadcaster wants it', 'The broadcaster wants the original to be shown.'],
  large: ['too large', 'The picture is too large for the neural net.'],
  fault: ['not possible', 'The neural net cannot be used for this stream. The operator finds the reason on the admin page.'],
  gone: ['worker gone', 'The worker that enhanced it is gone. Another one takes over if there is one.'],
  worker: ['no worker', 'No worker has taken this stream. It begins by itself as soon as one does.'],
  chosen: ['as you chose', 'You chose a picture that no neural net works on.'],
  connection: ['your connection', 'Your connection does not carry the enhanced picture at the moment.'],
};

const UNKNOWN = ['', 'The server does not say why the picture is not enhanced.'];

/**
 * @param {PictureView} view
 * @returns {{title: string, detail: string, sentence: string, isEnhanced: boolean}}
 */
export function badgeWords({ why, net, latency_ms: ms }) {
  if (why !== '') {
    const [detail, sentence] = WHY[why] ?? UNKNOWN;
    return { title: ORIGINAL, detail, sentence, isEnhanced: false };
  }
  const detail = ms === null ? net : `${net}, ${milliseconds(ms)}`;
  const sentence = 'What you see was enlarged by a neural net: details may differ from what the camera saw.';
  return { title: ENHANCED, detail, sentence, isEnhanced: true };
}

/**
 * The same for a screen reader, without figures that move.
 *
 * @param {PictureView} view
 */
export function spokenWords(view) {
  const { title, detail, isEnhanced } = badgeWords(view);
  if (isEnhanced) return `${ENHANCED}: ${view.net}.`;
  return detail === '' ? `${title}.` : `${title}: ${detail}.`;
}

/**
 * @param {PictureView} view
 * @param {import('../types.js').Stream | null} stream as the API has it, where it is known
 * @returns {[string, string][]} names and values
 */
export function detailRows(view, stream) {
  const isEnhanced = view.why === '';
  /** @type {[string, string][]} */
  const rows = [['Picture', size(view)], ['Bitrate', bitrate(view.kbps || null)], ['Rendition', view.rendition]];
  if (isEnhanced) rows.unshift(['Neural net', view.net]);
  if (isEnhanced && stream?.enhancement.adjustable) rows.push(['Style', styleWords(stream.enhancement.strength)]);
  const factor = enlargement(view, stream);
  if (factor !== '') rows.push(['Enlarged', factor]);
  rows.push(['Added by the server', milliseconds(view.latency_ms)]);
  if (isEnhanced) rows.push(['Pictures by the net', `${Math.round(view.fraction * 100)} %`]);
  return rows;
}

/**
 * @param {PictureView} view
 * @param {import('../types.js').Stream | null} stream
 */
function enlargement({ width }, stream) {
  const from = stream?.source.width ?? 0;
  if (from === 0 || width === 0 || width === from) return '';
  const factor = width / from;
  return `${Number.isInteger(factor) ? factor : factor.toFixed(2)} times`;
}
