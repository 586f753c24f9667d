/**
 * What the card over the picture says. Pure.
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

/**
 * @param {Situation} situation
 * @returns {Card | null} null: no card, the picture speaks
 */
export function cardFor({ state, played, picture, trouble, waitMs, sinceMs, arrival }) {
  if (state === 'waiting') return played ? ENDED : NOT_LIVE;
  // Also while it tries again by itself: a field that went away would take what is being typed.
  if (trouble?.asksToken && state !== 'playing') return { title: trouble.title, text: trouble.text, tone: 'bad', retry: false, asksToken: true };
  if (state === 'retrying') {
    const seconds = Math.ceil(waitMs / 1000);
    const when = seconds > 0 ? `Trying again in ${seconds} s.` : 'Trying again…';
    const { title, text } = trouble ?? { title: 'The connection failed', text: '' };
    return { title, text, when, tone: 'bad', retry: true };
  }
  if (state === 'playing') {
    if (picture) return null;
    // A browser that refuses to start a video will not change its mind, so that is said without waiting.
    return sinceMs < PATIENCE_MS && arrival !== 'blocked' ? FIRST_PICTURE : NO_PICTURE[arrival];
  }
  if (state === 'connecting') {
    if (trouble !== null) return { ...CONNECTING, title: 'Trying again…', text: `${trouble.title}. ${trouble.text}` };
    return sinceMs < PATIENCE_MS ? CONNECTING : { ...CONNECTING, text: SLOW };
  }
  return { title: 'Stopped', text: 'Playing was stopped.', tone: 'calm', retry: false };
}

/** A healthy connection takes less. */
const PATIENCE_MS = 3000;

const SLOW = 'This takes longer than usual. After eight seconds the page gives up, says why and tries again.';

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

/** @type {Record<Situation['arrival'], Card>} */
const NO_PICTURE = {
  unknown: { ...FIRST_PICTURE, text: 'It comes with the next key frame, which takes some seconds at most.', retry: true },
  none: {
    title: 'Connected, but no picture comes',
    text: 'Nothing is being sent at the moment; the broadcast may be paused. It starts here by itself when it goes on.',
    tone: 'calm',
    retry: true,
  },
  unshown: {
    title: 'This browser cannot show the picture',
    text: 'Pictures arrive, but it cannot decode them. Try another browser, or another device.',
    tone: 'bad',
    retry: true,
  },
  blocked: {
    title: 'Ready to play',
    text: 'This browser does not start videos by itself. Press the button.',
    tone: 'calm',
    retry: true,
  },
};

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
