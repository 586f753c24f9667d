/**
 * What went wrong with a session and what to try, in words for a person. Pure. Who shows `title` and `text` passes them
 * through `t`.
 *
 * `ice`: no packet came through. `dtls`: packets come through, no key was agreed. `broken`: it stood and broke.
 * `closed`: the server said goodbye. `late`: nothing was heard in time.
 *
 * @typedef {'ice'|'dtls'|'broken'|'closed'|'late'} MediaFault
 * @typedef {'watch'|'publish'} Role
 * @typedef {object} Trouble
 * @property {string} title
 * @property {string} text what happened, and what to try
 * @property {boolean} isPassing over soon by itself, so that it pays to try often
 * @property {boolean} isFinal trying again gives the same
 * @property {boolean} [asksToken] another token may help
 */

import { msg, t } from '../ui/texts.js';
import { ApiError } from './api.js';

const FAILED = msg('The connection failed');

/** @type {Record<MediaFault, {title: string, text: string, isPassing: boolean}>} */
const MEDIA = {
  ice: {
    title: FAILED,
    text: msg(
      'The server answers, but no media came through. A firewall or a VPN may block UDP: try another network, ' +
      'or ask whoever runs the server for a TURN relay.',
    ),
    isPassing: false,
  },
  dtls: {
    title: FAILED,
    text: msg('Packets come through, but no encryption could be agreed. Try another browser, or a network without a filter.'),
    isPassing: false,
  },
  broken: { title: msg('The connection was lost'), text: msg('Is this device still online?'), isPassing: true },
  closed: { title: msg('The connection was closed'), text: msg('The server ended it.'), isPassing: true },
  late: {
    title: FAILED,
    text: msg('Nothing was heard in time. The line may be very slow; try another network.'),
    isPassing: false,
  },
};

/** @param {MediaFault} fault */
export function mediaTrouble(fault) {
  return { ...MEDIA[fault], isFinal: false };
}

/** @type {Trouble} */
export const AWAY = {
  title: msg('The server is away'),
  text: msg('It may be starting again. This page comes back by itself.'),
  isPassing: true,
  isFinal: false,
};

/** @type {Trouble} */
export const ENDED = {
  title: msg('The server ended the broadcast'),
  text: msg(
    'Somebody ended it or took the name over, nothing came for too long, or the picture is larger than the server ' +
    'takes. Go live again, with a smaller size if it happens at once.',
  ),
  isPassing: false,
  isFinal: true,
};

/**
 * What to try after a refusal, by status; the server's own words come first. Empty where they say all.
 *
 * @type {Record<Role, Record<number, string>>}
 */
const ADVICE = {
  watch: {
    401: msg('Enter the token that you were given, or ask whoever sent you here.'),
    403: msg('Enter the token that you were given, or ask whoever sent you here.'),
    406: msg('Try another browser.'),
    422: msg('Try another browser.'),
  },
  publish: {
    401: msg('Ask whoever runs the server for the token.'),
    403: msg('Ask whoever runs the server for the token.'),
    406: msg('Try another browser.'),
    409: msg('Choose another name, or end the other broadcast first.'),
    422: msg('Choose a smaller size, or try another browser.'),
  },
};

/** @type {Record<Role, Record<number, string>>} */
const TITLES = {
  watch: {
    401: msg('This needs a token'),
    403: msg('This needs a token'),
    406: msg('This browser cannot play the stream'),
    422: msg('This browser cannot play the stream'),
    429: msg('Too many at once'),
    503: msg('Not possible at the moment'),
  },
  publish: {
    401: msg('The token was not accepted'),
    403: msg('The token was not accepted'),
    409: msg('The name is taken'),
    413: msg('The offer is too large'),
    429: msg('Too many at once'),
    503: msg('Not possible at the moment'),
  },
};

/** Statuses that say the same next time, unless somebody changes something. */
const FINAL = [400, 401, 403, 404, 405, 406, 413, 415, 422];

/**
 * @param {unknown} error of a request or of the browser's WebRTC
 * @param {Role} role
 * @returns {Trouble | null} null: a fault of the page itself
 */
export function troubleOf(error, role) {
  if (error instanceof DOMException) {
    const text = t('This browser refused the connection ({name}). Is WebRTC switched off, or blocked by an add-on?', {
      name: error.name,
    });
    return { title: FAILED, text, isPassing: false, isFinal: true };
  }
  // Where WebRTC is switched off, the constructor is missing: naming it is a ReferenceError, calling it a
  // TypeError. A TypeError of any other origin is a fault of ours and must stay visible.
  if (error instanceof ReferenceError || (error instanceof TypeError && !('RTCPeerConnection' in globalThis))) {
    const text = msg('This browser has no WebRTC, or it is switched off. Switch it on, or try another browser.');
    return { title: FAILED, text, isPassing: false, isFinal: true };
  }
  if (!(error instanceof ApiError)) return null;
  const { status, message } = error;
  if (status === 0) return { title: msg('The server does not answer'), text: message, isPassing: true, isFinal: false };
  const text = [message, t(ADVICE[role][status] ?? '')].join(' ').trim();
  const title = TITLES[role][status] ?? FAILED;
  // Proxies answer 502 to 504 while the server behind them starts. 500 is a fault of the server, and it will
  // hardly have gone two seconds later.
  const isPassing = status >= 502 && status <= 504;
  return { title, text, isPassing, isFinal: FINAL.includes(status), asksToken: status === 401 || status === 403 };
}
