/** The broadcaster's own picture, how loud the microphone is, and whether anything is heard at all. */

import { LevelMeter } from '../media/level-meter.js';
import { byId } from './dom.js';

export class Preview {
  constructor() {
    this.video = byId('preview', HTMLVideoElement);
    this._level = byId('level', HTMLElement);
    this._silent = byId('silent', HTMLElement);
    this._meter = new LevelMeter((level) => this._showLevel(level));
  }

  /**
   * Shows what was captured; a file plays in the element already.
   *
   * @param {MediaStream} media
   * @param {boolean} isFile
   */
  async show(media, isFile) {
    if (!isFile) this.video.srcObject = media;
    this._level.hidden = media.getAudioTracks().length === 0;
    this._meter.start(media);
    // A preview that the browser does not start is no reason to end the broadcast.
    if (!isFile) await this.video.play().catch(() => undefined);
  }

  /** @param {boolean} isMirrored */
  mirror(isMirrored) {
    this.video.dataset.mirrored = String(isMirrored);
  }

  clear() {
    this._meter.stop();
    this._level.hidden = true;
    this.video.srcObject = null;
  }

  /** @param {import('../media/level-meter.js').Level} level */
  _showLevel({ bar, isSilent }) {
    this._level.style.setProperty('--level', bar.toFixed(3));
    this._level.setAttribute('aria-valuenow', String(Math.round(bar * 100)));
    this._silent.hidden = !isSilent;
  }
}
