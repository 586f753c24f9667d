/** What the badge on the picture says. Pure. */

import { bitrate, milliseconds, number, size, styleWords } from './format.js';
import { msg, t } from './texts.js';

/** @typedef {import('../net/picture-events.js').PictureView} PictureView */

export const ENHANCED = msg('Enhanced by a neural net');
export const ORIGINAL = msg('Original');

/**
 * Why a picture is not enhanced: a few words for the badge, and a sentence for the details.
 *
 * @type {Record<string, [string, string]>}
 */
const WHY = {
  time: [msg('nobody has time for it'), msg('No worker has time to enhance it at the moment. It goes on by itself.')],
  starting: [msg('starting'), msg('The neural net is being made ready. It takes some seconds at most.')],
  off: [msg('switched off'), msg('The operator of this server switched enhancement off.')],
  owner: [msg('as the broadcaster wants it'), msg('The broadcaster wants the original to be shown.')],
  large: [msg('too large'), msg('The picture is too large for the neural net.')],
  fault: [msg('not possible'), msg('The neural net cannot be used for this stream. The operator finds the reason on the admin page.')],
  gone: [msg('worker gone'), msg('The worker that enhanced it is gone. Another one takes over if there is one.')],
  worker: [msg('no worker'), msg('No worker has taken this stream. It begins by itself as soon as one does.')],
  chosen: [msg('as you chose'), msg('You chose a picture that no neural net works on.')],
  connection: [msg('your connection'), msg('Your connection does not carry the enhanced picture at the moment.')],
};

const UNKNOWN = ['', msg('The server does not say why the picture is not enhanced.')];

/**
 * @param {PictureView} view
 * @returns {{title: string, detail: string, sentence: string, isEnhanced: boolean}}
 */
export function badgeWords({ why, net, latency_ms: ms }) {
  if (why !== '') {
    const [detail, sentence] = WHY[why] ?? UNKNOWN;
    return { title: t(ORIGINAL), detail: detail && t(detail), sentence: t(sentence), isEnhanced: false };
  }
  const detail = ms === null ? net : t('{net}, {time}', { net, time: milliseconds(ms) });
  const sentence = t('What you see was enlarged by a neural net: details may differ from what the camera saw.');
  return { title: t(ENHANCED), detail, sentence, isEnhanced: true };
}

/**
 * The same for a screen reader, without figures that move.
 *
 * @param {PictureView} view
 */
export function spokenWords(view) {
  const { title, detail, isEnhanced } = badgeWords(view);
  if (isEnhanced) return t('Enhanced by a neural net: {net}.', { net: view.net });
  return detail === '' ? title : t('Original: {why}.', { why: detail });
}

/**
 * @param {PictureView} view
 * @param {import('../types.js').Stream | null} stream as the API has it, where it is known
 * @returns {[string, string][]} names and values
 */
export function detailRows(view, stream) {
  const isEnhanced = view.why === '';
  /** @type {[string, string][]} */
  const rows = [[t('Picture'), size(view)], [t('Bitrate'), bitrate(view.kbps || null)], [t('Rendition'), view.rendition]];
  if (isEnhanced) rows.unshift([t('Neural net'), view.net]);
  if (isEnhanced && stream?.enhancement.adjustable) rows.push([t('Style'), styleWords(stream.enhancement.strength)]);
  const factor = enlargement(view, stream);
  if (factor !== '') rows.push([t('Enlarged'), factor]);
  rows.push([t('Added by the server'), milliseconds(view.latency_ms)]);
  if (isEnhanced) rows.push([t('Pictures by the net'), `${Math.round(view.fraction * 100)} %`]);
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
  return t('{n} times', { n: number(factor, Number.isInteger(factor) ? 0 : 2) });
}
