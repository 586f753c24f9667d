/**
 * Playing by WHEP. Knows peer connections, knows no page.
 *
 * @typedef {{endpoint: string, iceServers: RTCIceServer[], audio: boolean, token?: string}} WhepOptions
 */

import { MediaSession } from './media-session.js';
import { negotiate } from './sdp-session.js';
import { withViewerName } from './viewer-name.js';

/**
 * Asks for the smallest play-out delay: the server already paces frames, and every millisecond shows.
 *
 * @param {RTCRtpReceiver} receiver
 */
function playAtOnce(receiver) {
  const modern = /** @type {{jitterBufferTarget?: number | null}} */ (receiver);
  const chromium = /** @type {{playoutDelayHint?: number | null}} */ (receiver);
  // The standard's name is the first, in milliseconds; older Chromium knows only the second, in seconds.
  // 0 asks for the least delay that the browser can keep.
  if ('jitterBufferTarget' in receiver) modern.jitterBufferTarget = 0;
  if ('playoutDelayHint' in receiver) chromium.playoutDelayHint = 0;
}

export class WhepPlayer extends MediaSession {
  /** @param {WhepOptions} options */
  constructor(options) {
    super(options.iceServers);
    this._options = options;
    // One stream of our own for both tracks: the tracks come in two events, and the element must not change its
    // source between them.
    this.media = new MediaStream();
    this.peer.addEventListener('track', (event) => this.media.addTrack(event.track));
  }

  /** Connects; resolves when the answer is applied, rejects with an ApiError (409: nobody publishes). */
  async start() {
    this._machine.on('start');
    const kinds = this._options.audio ? ['video', 'audio'] : ['video'];
    for (const kind of kinds) {
      playAtOnce(this.peer.addTransceiver(kind, { direction: 'recvonly' }).receiver);
    }
    try {
      this._hold(await negotiate(this.peer, withViewerName(this._options.endpoint), this._options.token));
    } catch (error) {
      this._lose();
      throw error;
    }
  }
}
