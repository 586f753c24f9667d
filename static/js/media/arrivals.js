/** What comes in on a connection, from its statistics: tells a pause from a codec that the browser lacks. */
export class Arrivals {
  constructor() {
    /** @type {RTCPeerConnection | null} */
    this._peer = null;
    this._bytes = 0;
    this._frames = 0;
    this._since = 0;
    /** For how long no byte of video has come; 0 while nothing is known. */
    this.silentMs = 0;
  }

  /**
   * @param {RTCPeerConnection | null} peer
   * @param {{bytes: number, frames: number} | null} stats null: none yet
   * @param {number} now milliseconds
   */
  note(peer, stats, now) {
    const bytes = stats?.bytes ?? 0;
    // A new connection starts its count of bytes at 0, so equal numbers of two connections prove no silence.
    // Without a connection nothing can be silent.
    if (peer !== this._peer || peer === null || bytes !== this._bytes) this._since = now;
    this._peer = peer;
    this._bytes = bytes;
    this._frames = stats?.frames ?? 0;
    this.silentMs = now - this._since;
  }

  /**
   * Why there is no picture.
   *
   * @param {boolean} isPaused whether the browser has not started the video
   * @returns {'none' | 'unshown' | 'blocked' | 'unknown'}
   */
  kind(isPaused) {
    if (this._peer === null) return 'unknown';
    // The order matters: a connection without bytes has no frames either, and a browser that decodes nothing stays
    // paused, so the first fact that holds is the cause.
    if (this._bytes === 0) return 'none';
    if (this._frames === 0) return 'unshown';
    return isPaused ? 'blocked' : 'unknown';
  }
}
