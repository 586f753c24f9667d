/** The codecs by name: the order in which this page offers them, and the little that differs between them. */

/**
 * What is offered first: the server forwards H.264 to everything that plays video, and a worker learns more
 * from VP8 than from VP9. Codecs that are not named go behind these in the browser's order.
 *
 * @type {readonly {mime: string, parameters: RegExp}[]}
 */
const PREFERRED = [
  // 42e0 is constrained baseline, which every decoder has. Packetization mode 1 allows fragmentation units
  // (RFC 6184 section 5.8), so that a slice may be larger than a packet.
  { mime: 'video/h264', parameters: /^(?=.*packetization-mode=1)(?=.*profile-level-id=42e0)/i },
  { mime: 'video/h264', parameters: /packetization-mode=1/ },
  { mime: 'video/vp8', parameters: /^/ },
  { mime: 'video/vp9', parameters: /^(?!.*profile-id=[^0])/ },
];

/**
 * @template {{mimeType: string, sdpFmtpLine?: string}} C
 * @param {C[]} codecs
 * @returns {C[]}
 */
export function preferredCodecs(codecs) {
  /** @param {C} codec */
  function rank(codec) {
    const mime = codec.mimeType.toLowerCase();
    const place = PREFERRED.findIndex((one) => one.mime === mime && one.parameters.test(codec.sdpFmtpLine ?? ''));
    return place < 0 ? PREFERRED.length : place;
  }
  return codecs
    // The browser lists each codec's retransmission and correction formats too; they keep their places behind the
    // named codecs, since leaving one out would forbid it.
    .map((codec, index) => ({ codec, index, rank: rank(codec) }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
    .map((entry) => entry.codec);
}

/** Finds the payload types of the sound that has one or two channels, in an offer. */
export const STEREO_RTPMAP = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/gim;

/**
 * Codecs of enhanced renditions, in words by name; the log of a rendition in one codec ends with `-NAME`.
 *
 * @type {Record<string, string>}
 */
export const ENCODED_CODECS = { h264: 'H.264', vp8: 'VP8' };

/** Options of ffmpeg that encode what every server and every viewer takes. */
export const FFMPEG_CODECS = '-c:v libx264 -bf 0 -c:a libopus -ar 48000 -ac 2';
