/**
 * What the card over the picture says, in the language of the page. Pure.
 *
 * @typedef {object} Situation
 * @property {import('../net/watch-session.js').WatchState} state
 * @property {boolean} played whether the stream has played before
 * @property {boolean} picture whether a frame has been shown on this connection
 * @property {import('../net/trouble.js').Trouble | null} trouble what the last failure was
 * @property {number} waitMs until the next try
 * @property {number} sinceMs for how long it has been so
 * @property {'none' | 'unshown' | 'blocked' | 'unknown'} arrival why there is no picture: nothing came; it came and
 *   cannot be decoded; the browser does not start it
 *
 * @typedef {{title: string, text: string, when?: string, tone: 'calm' | 'bad', retry: boolean, asksToken?: boolean}} Card
 * `asksToken`: with a field for one
 */

import { msg, t } from './texts.js';

/**
 * @param {Situation} situation
 * @returns {Card | null} null: no card, the picture speaks
 */
export function cardFor(situation) {
  const card = cardOf(situation);
  return card && { ...card, title: t(card.title), text: t(card.text) };
}

/**
 * @param {Situation} situation
 * @returns {Card | null} in English
 */
function cardOf({ state, played, picture, trouble, waitMs, sinceMs, arrival }) {
  if (state === 'waiting') return played ? ENDED : NOT_LIVE;
  // Also while it tries again by itself: a field that went away would take what is being typed.
  if (trouble?.asksToken && state !== 'playing') return { title: trouble.title, text: trouble.text, tone: 'bad', retry: false, asksToken: true };
  if (state === 'retrying') {
    const seconds = Math.ceil(waitMs / 1000);
    const when = seconds > 0 ? t('Trying again in {seconds} s.', { seconds }) : t('Trying again…');
    const { title, text } = trouble ?? { title: msg('The connection failed'), text: '' };
    return { title, text, when, tone: 'bad', retry: true };
  }
  if (state === 'playing') {
    if (picture) return null;
    // A browser that refuses to start a video will not change its mind, so that is said without waiting.
    return sinceMs < PATIENCE_MS && arrival !== 'blocked' ? FIRST_PICTURE : NO_PICTURE[arrival];
  }
  if (state === 'connecting') {
    if (trouble !== null) return { ...CONNECTING, title: msg('Trying again…'), text: t('{title}. {text}', { title: t(trouble.title), text: t(trouble.text) }) };
    return sinceMs < PATIENCE_MS ? CONNECTING : { ...CONNECTING, text: SLOW };
  }
  return { title: msg('Stopped'), text: msg('Playing was stopped.'), tone: 'calm', retry: false };
}

/** A healthy connection takes less. */
const PATIENCE_MS = 3000;

const SLOW = msg('This takes longer than usual. After eight seconds the page gives up, says why and tries again.');

/** @type {Card} */
const NOT_LIVE = {
  title: msg('Not live yet'),
  text: msg('Nobody is sending this stream at the moment. It starts here by itself as soon as somebody does.'),
  tone: 'calm',
  retry: true,
};

/** @type {Card} */
const ENDED = {
  title: msg('The stream has ended'),
  text: msg('If it comes back, it goes on here by itself.'),
  tone: 'calm',
  retry: true,
};

/** @type {Card} */
const CONNECTING = { title: msg('Connecting…'), text: '', tone: 'calm', retry: false };

/** @type {Card} */
const FIRST_PICTURE = { title: msg('Waiting for the first picture…'), text: '', tone: 'calm', retry: false };

/** @type {Record<Situation['arrival'], Card>} */
const NO_PICTURE = {
  unknown: { ...FIRST_PICTURE, text: msg('It comes with the next key frame, which takes some seconds at most.'), retry: true },
  none: {
    title: msg('Connected, but no picture comes'),
    text: msg('Nothing is being sent at the moment; the broadcast may be paused. It starts here by itself when it goes on.'),
    tone: 'calm',
    retry: true,
  },
  unshown: {
    title: msg('This browser cannot show the picture'),
    text: msg('Pictures arrive, but it cannot decode them. Try another browser, or another device.'),
    tone: 'bad',
    retry: true,
  },
  blocked: {
    title: msg('Ready to play'),
    text: msg('This browser does not start videos by itself. Press the button.'),
    tone: 'calm',
    retry: true,
  },
};

/** @type {Record<string, [string, string]>} words and tone of the badge beside the title */
const BADGES = {
  stopped: [msg('Stopped'), 'quiet'],
  connecting: [msg('Connecting'), 'warn'],
  playing: [msg('Live'), 'live'],
  waiting: [msg('Not live'), 'quiet'],
  retrying: [msg('No connection'), 'bad'],
};

/**
 * @param {Situation} situation
 * @returns {[string, string]}
 */
export function badgeFor({ state, played }) {
  if (state === 'waiting' && played) return [t('Ended'), 'quiet'];
  const [words, tone] = BADGES[state];
  return [t(words), tone];
}
