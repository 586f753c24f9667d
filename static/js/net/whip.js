/**
 * Publishing by WHIP. Knows peer connections, knows no page.
 *
 * @typedef {object} WhipOptions
 * @property {string} endpoint
 * @property {string} token
 * @property {RTCIceServer[]} iceServers
 * @property {number} maxKbps
 * @property {number} maxFps
 * @property {{width: number, height: number}} size the box the sent picture must fit into
 * @property {number} [fraction] of that box that is sent now; may change, 1 where it is missing
 */

import { ApiError } from './api.js';
import { preferredCodecs } from './codecs.js';
import { MediaSession } from './media-session.js';
import { negotiate } from './sdp-session.js';

/**
 * By how much to divide a picture so that it fits the box; never enlarges.
 *
 * @param {{width?: number, height?: number}} picture
 * @param {{width: number, height: number}} box
 */
export function downscale(picture, box) {
  if (!picture.width || !picture.height) return 1;
  // A phone held upright turns the box with it.
  const upright = picture.height > picture.width && box.width > box.height;
  const [width, height] = upright ? [box.height, box.width] : [box.width, box.height];
  return Math.max(1, picture.width / width, picture.height / height);
}

/**
 * The most that the server lets video have, in bit/s (RFC 3890); Infinity where it says nothing.
 *
 * @param {string} answer SDP
 */
export function allowedBps(answer) {
  const video = answer.split(/^m=/m).find((section) => section.startsWith('video')) ?? '';
  const found = /^b=TIAS:(\d+)\s*$/m.exec(video);
  return found === null ? Infinity : Number(found[1]);
}

export class WhipPublisher extends MediaSession {
  /** @param {WhipOptions} options */
  constructor(options) {
    super(options.iceServers, options.token);
    this._options = options;
    this._factor = 0;
    /** Whether the server accepted the offer; what fails afterwards is the media connection. */
    this.answered = false;
    /** @type {RTCRtpSender | null} */
    this._sender = null;
  }

  /**
   * Publishes the tracks; resolves when the answer is applied, rejects with an ApiError.
   *
   * @param {MediaStream} media
   */
  async start(media) {
    this._machine.on('start');
    for (const track of media.getAudioTracks().slice(0, 1)) {
      this.peer.addTransceiver(track, { direction: 'sendonly', streams: [media] });
    }
    try {
      const video = this.peer.addTransceiver(media.getVideoTracks()[0], {
        direction: 'sendonly',
        streams: [media],
      });
      this._sender = video.sender;
      preferCodecs(video);
      const { endpoint, token } = this._options;
      this._hold(await negotiate(this.peer, endpoint, token));
      // Ended or lost while the answer was under way: `negotiate` has resolved all the same, and `_hold` has ended
      // the session on the server.
      if (this.state === 'ended') return;
      if (this.state === 'lost') throw new ApiError('The connection was lost.', 0);
      this.answered = true;
      await this.fit();
    } catch (error) {
      this._lose();
      throw error;
    }
  }

  /** Applies size, bitrate and frame rate; call it again when the captured picture may have changed. */
  async fit() {
    const sender = this._sender;
    if (sender === null || sender.track === null || this.peer.connectionState === 'closed') return;
    const factor = downscale(sender.track.getSettings(), this._options.size) / (this._options.fraction ?? 1);
    if (Math.abs(factor - this._factor) < 0.01) return;
    const parameters = sender.getParameters();
    if (parameters.encodings.length === 0) return;
    this._factor = factor;
    // The size is chosen by what looks best once it is enhanced, so the browser must not choose another one.
    Object.assign(parameters, { degradationPreference: 'maintain-resolution' });
    Object.assign(parameters.encodings[0], {
      // Not all browsers read the limit of the answer by themselves.
      maxBitrate: Math.min(this._options.maxKbps * 1000, allowedBps(this.peer.remoteDescription?.sdp ?? '')),
      maxFramerate: this._options.maxFps,
      scaleResolutionDownBy: factor,
    });
    try {
      await sender.setParameters(parameters);
    } catch (error) {
      // Lost meanwhile, which is said elsewhere.
      if (this.state === 'connecting' || this.state === 'live') throw error;
    }
  }
}

/** @param {RTCRtpTransceiver} transceiver */
function preferCodecs(transceiver) {
  const known = RTCRtpSender.getCapabilities('video')?.codecs;
  if (!known || typeof transceiver.setCodecPreferences !== 'function') return;
  try {
    transceiver.setCodecPreferences(preferredCodecs(known));
  } catch (error) {
    // Older browsers take only codecs that they can receive too; their own order works as well.
    if (!(error instanceof DOMException)) throw error;
  }
}
