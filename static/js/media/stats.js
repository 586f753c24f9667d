/**
 * Arithmetic over `RTCPeerConnection.getStats()`: two reports in, rates out. Pure.
 *
 * @typedef {Record<string, any>} Entry one statistics entry
 * @typedef {{at: number, bytes: number, frames: number, delayS: number, emitted: number}} Counters
 *
 * @typedef {object} VideoStats
 * @property {number | null} fps
 * @property {number | null} kbps
 * @property {number | null} rttMs
 * @property {number | null} delayMs jitter buffer, mean over the interval; viewers only
 * @property {number | null} availableKbps what the line takes by the sender's estimate; null while unknown
 * @property {number | null} targetKbps what congestion control lets the encoder send; null while unknown, and for viewers
 * @property {number} width 0 while unknown
 * @property {number} height
 * @property {string} codec `H264`, empty while unknown
 * @property {string} limitation why the sender lowers quality: `none`, `cpu`, `bandwidth`, `other`
 * @property {number} lost packets
 * @property {number} droppedFrames
 * @property {number} bytes since the connection began
 * @property {number} frames sent or decoded since the connection began
 */

/**
 * @param {number} bytes
 * @param {number} ms
 * @returns {number | null} kilobits per second, null over no time
 */
export function kbpsOver(bytes, ms) {
  // Counters that fell mean another connection behind the same meter; a negative rate would be shown otherwise.
  return ms > 0 && bytes >= 0 ? (bytes * 8) / ms : null;
}

/**
 * @param {number} count
 * @param {number} ms
 * @returns {number | null} per second
 */
export function perSecond(count, ms) {
  return ms > 0 && count >= 0 ? (count * 1000) / ms : null;
}

/**
 * @param {Iterable<Entry>} entries
 * @param {'inbound-rtp' | 'outbound-rtp'} type
 * @returns {Entry | undefined} the video's
 */
function videoEntry(entries, type) {
  for (const entry of entries) {
    if (entry.type === type && entry.kind === 'video') return entry;
  }
  return undefined;
}

/**
 * @param {Entry[]} entries
 * @returns {number | null} round trip of the pair in use
 */
export function roundTripMs(entries) {
  let best = null;
  for (const entry of entries) {
    if (entry.type !== 'candidate-pair' || entry.currentRoundTripTime === undefined) continue;
    if (entry.nominated || best === null) best = entry.currentRoundTripTime * 1000;
  }
  return best;
}

/**
 * @param {Entry[]} entries
 * @returns {number | null} kilobits per second that the pair in use takes; null where the browser does not say
 */
export function availableKbps(entries) {
  const pairs = entries.filter((entry) => entry.type === 'candidate-pair' && entry.availableOutgoingBitrate > 0);
  const pair = pairs.find((entry) => entry.nominated) ?? pairs[0];
  return pair === undefined ? null : pair.availableOutgoingBitrate / 1000;
}

/** Turns cumulative counters into rates, report by report. */
export class StatsMeter {
  /** @param {'inbound-rtp' | 'outbound-rtp'} type */
  constructor(type) {
    this._type = type;
    /** @type {Counters | null} */
    this._before = null;
  }

  /**
   * @param {Iterable<Entry>} report `(await peer.getStats()).values()`
   * @returns {VideoStats | null} null while there is no video
   */
  read(report) {
    const entries = [...report];
    const video = videoEntry(entries, this._type);
    if (video === undefined) return null;
    const now = countersOf(video, this._type);
    // The first report is compared with itself, which gives no time and hence no rates, instead of rates over the
    // whole past.
    const before = this._before ?? now;
    this._before = now;
    const ms = now.at - before.at;
    const emitted = now.emitted - before.emitted;
    const codec = entries.find((entry) => entry.id === video.codecId);
    return {
      fps: perSecond(now.frames - before.frames, ms),
      kbps: kbpsOver(now.bytes - before.bytes, ms),
      rttMs: roundTripMs(entries),
      availableKbps: availableKbps(entries),
      targetKbps: video.targetBitrate > 0 ? video.targetBitrate / 1000 : null,
      // Both counters are sums over all frames since the connection began; the quotient of their differences is
      // the mean delay of the frames that left the buffer in between.
      delayMs: emitted > 0 ? ((now.delayS - before.delayS) / emitted) * 1000 : null,
      width: video.frameWidth ?? 0,
      height: video.frameHeight ?? 0,
      codec: String(codec?.mimeType ?? '').replace(/^video\//i, ''),
      limitation: video.qualityLimitationReason ?? 'none',
      lost: video.packetsLost ?? 0,
      bytes: now.bytes,
      frames: now.frames,
      droppedFrames: video.framesDropped ?? 0,
    };
  }

  /** Forgets the last report, as after a new connection. */
  reset() {
    this._before = null;
  }
}

/**
 * @param {Entry} video
 * @param {'inbound-rtp' | 'outbound-rtp'} type
 * @returns {Counters}
 */
function countersOf(video, type) {
  const sent = type === 'outbound-rtp';
  return {
    at: video.timestamp,
    bytes: (sent ? video.bytesSent : video.bytesReceived) ?? 0,
    frames: (sent ? video.framesSent : video.framesDecoded) ?? 0,
    delayS: video.jitterBufferDelay ?? 0,
    emitted: video.jitterBufferEmittedCount ?? 0,
  };
}
