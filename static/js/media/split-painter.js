/**
 * Paints both renditions' same picture to two canvases, whenever a pair is complete.
 *
 * Where the browser cannot tell which frame it shows (no requestVideoFrameCallback, no VideoFrame, no RTP
 * time stamps), or no pair came for a while, `aligned` is false and the page shows the videos themselves.
 *
 * @typedef {import('./frame-matcher.js').Side} Side
 */

import { FrameMatcher } from './frame-matcher.js';

/** The source runs ahead by what enhancement costs; 16 frames are half a second at 30 fps. */
const RING = 16;
const STALE_MS = 700;

export class SplitPainter {
  /**
   * @param {Record<Side, HTMLVideoElement>} videos
   * @param {Record<Side, HTMLCanvasElement>} canvases
   * @param {() => void} onAligned called when `aligned` may have changed
   */
  constructor(videos, canvases, onAligned) {
    this._videos = videos;
    this._canvases = canvases;
    this._onAligned = onAligned;
    this._on = false;
    this._paintedAt = -Infinity;
    /** @type {Record<Side, number>} */
    this._handles = { source: 0, enhanced: 0 };
    this.matcher = new FrameMatcher(RING, (/** @type {VideoFrame} */ frame) => frame.close());
    /** @type {{source: number, enhanced: number} | null} time stamps of the painted pair */
    this.lastPair = null;
    this.supported = 'requestVideoFrameCallback' in HTMLVideoElement.prototype && 'VideoFrame' in window;
  }

  /** @param {number} nowMs as `performance.now()` */
  isAligned(nowMs) {
    return this._on && nowMs - this._paintedAt < STALE_MS;
  }

  start() {
    if (this._on || !this.supported) return;
    this._on = true;
    this._ask('source');
    this._ask('enhanced');
  }

  stop() {
    if (!this._on) return;
    this._on = false;
    for (const side of /** @type {Side[]} */ (['source', 'enhanced'])) {
      this._videos[side].cancelVideoFrameCallback(this._handles[side]);
    }
    this.matcher.reset();
    this._paintedAt = -Infinity;
    this.lastPair = null;
  }

  /** @param {Side} side */
  _ask(side) {
    this._handles[side] = this._videos[side].requestVideoFrameCallback((now, metadata) => {
      if (!this._on) return;
      // Each call is for one frame only. The next is asked for before this one is used, so that an error in
      // between does not end the painting.
      this._ask(side);
      this._take(side, metadata.rtpTimestamp);
    });
  }

  /**
   * @param {Side} side
   * @param {number | undefined} announced time stamp of the callback
   */
  _take(side, announced) {
    let frame;
    try {
      frame = new VideoFrame(this._videos[side]);
    } catch (error) {
      // The element lost its picture between the callback and here, as when its stream is taken away.
      if (error instanceof DOMException) return;
      throw error;
    }
    // The frame's own stamp, where the browser tells it: the element may have moved on since the callback.
    const described = /** @type {{metadata?: () => {rtpTimestamp?: number}}} */ (/** @type {unknown} */ (frame));
    const rtp = described.metadata?.().rtpTimestamp ?? announced;
    if (rtp === undefined) {
      frame.close();
      return;
    }
    const pair = this.matcher.offer(side, rtp, frame);
    if (pair === null) return;
    paint(this._canvases.source, pair.source);
    paint(this._canvases.enhanced, pair.enhanced);
    // Told on the change only: a call for each frame would make the page lay itself out thirty times a second.
    const was = this.isAligned(performance.now());
    this._paintedAt = performance.now();
    this.lastPair = { source: pair.rtp, enhanced: pair.rtp };
    if (!was) this._onAligned();
  }
}

/**
 * Draws in the frame's own size; the style sheet scales the canvas as the browser scales a video.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {VideoFrame} frame is closed
 */
function paint(canvas, frame) {
  const { displayWidth, displayHeight } = frame;
  // Setting a canvas's size empties it even where the size is the same, so it is set only on a change.
  if (canvas.width !== displayWidth || canvas.height !== displayHeight) {
    canvas.width = displayWidth;
    canvas.height = displayHeight;
  }
  const context = canvas.getContext('2d', { alpha: false, desynchronized: false });
  context?.drawImage(frame, 0, 0, displayWidth, displayHeight);
  frame.close();
}
