/**
 * What the card over the picture says. Pure.
 *
 * @typedef {object} Situation
 * @property {import('../net/watch-session.js').WatchState} state
 * @property {boolean} played whether the stream has played before
 * @property {boolean} picture whether a frame has been shown on this connection
 * @property {string} message what the last failure said
 * @property {number} waitMs until the next try
 *
 * @typedef {{title: string, text: string, tone: 'calm' | 'bad', retry: boolean}} Card
 */

/**
 * @param {Situation} situation
 * @returns {Card | null} null: no card, the picture speaks
 */
export function cardFor({ state, played, picture, message, waitMs }) {
  if (state === 'waiting') return played ? ENDED : NOT_LIVE;
  if (state === 'retrying') {
    const seconds = Math.ceil(waitMs / 1000);
    const when = seconds > 0 ? ` Trying again in ${seconds} s.` : ' Trying again…';
    return { title: 'The connection failed', text: message + when, tone: 'bad', retry: true };
  }
  if (state === 'playing') return picture ? null : FIRST_PICTURE;
  if (state === 'connecting') return CONNECTING;
  return { title: 'Stopped', text: 'Playing was stopped.', tone: 'calm', retry: false };
}

/** @type {Card} */
const NOT_LIVE = {
  title: 'Not live yet',
  text: 'Nobody is sending this stream at the moment. It starts here by itself as soon as somebody does.',
  tone: 'calm',
  retry: true,
};

/** @type {Card} */
const ENDED = {
  title: 'The stream has ended',
  text: 'If it comes back, it goes on here by itself.',
  tone: 'calm',
  retry: true,
};

/** @type {Card} */
const CONNECTING = { title: 'Connecting…', text: '', tone: 'calm', retry: false };

/** @type {Card} */
const FIRST_PICTURE = { title: 'Waiting for the first picture…', text: '', tone: 'calm', retry: false };

/** @type {Record<string, [string, string]>} words and tone of the badge beside the title */
const BADGES = {
  stopped: ['Stopped', 'quiet'],
  connecting: ['Connecting', 'warn'],
  playing: ['Live', 'live'],
  waiting: ['Not live', 'quiet'],
  retrying: ['No connection', 'bad'],
};

/**
 * @param {Situation} situation
 * @returns {[string, string]}
 */
export function badgeFor({ state, played }) {
  if (state === 'waiting' && played) return ['Ended', 'quiet'];
  return BADGES[state];
}
