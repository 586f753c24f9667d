/** Sound and full screen of the player. */

import { partOf } from './dom.js';
import { icon } from './icons.js';

const IDLE_MS = 2500;
const OFFER_MS = 12000;

export class PlayerControls {
  /**
   * @param {HTMLVideoElement} video the one with sound
   * @param {Document | ShadowRoot} root that has the parts
   */
  constructor(video, root = document) {
    this._root = root;
    this._video = video;
    this._player = partOf(root, 'player', HTMLElement);
    this._mute = partOf(root, 'mute', HTMLButtonElement);
    this._volume = partOf(root, 'volume', HTMLInputElement);
    this._unmute = partOf(root, 'unmute', HTMLButtonElement);
    this._unmute.prepend(icon('muted'));
    this._offered = false;
    this._idleTimer = 0;
    this._mute.addEventListener('click', () => this.toggleSound());
    this._unmute.addEventListener('click', () => this.toggleSound());
    this._volume.addEventListener('input', () => this._setVolume(Number(this._volume.value) / 100));
    video.addEventListener('volumechange', () => this._showSound());
    const fullscreen = partOf(root, 'fullscreen', HTMLButtonElement);
    fullscreen.append(icon('fullscreen'));
    fullscreen.addEventListener('click', () => this.toggleFullscreen());
    for (const sign of ['pointermove', 'keydown', 'focusin']) {
      this._player.addEventListener(sign, () => this._wake());
    }
    this._showSound();
  }

  /** Sound starts muted, as browsers want it; the first picture with sound offers to change that. */
  offerSound() {
    // Once is enough: whoever lets the button pass wants silence.
    if (this._offered || !this._video.muted) return;
    this._offered = true;
    this._unmute.hidden = false;
    setTimeout(() => {
      if (this._root.activeElement !== this._unmute) this._unmute.hidden = true;
    }, OFFER_MS);
  }

  toggleSound() {
    const focused = this._root.activeElement === this._unmute;
    this._video.muted = !this._video.muted;
    // Moving the slider to 0 mutes; the button that turns the sound on must then give some.
    if (!this._video.muted && this._video.volume === 0) this._video.volume = 1;
    this._video.play().catch(() => undefined); // refused where the browser wants a click first
    this._unmute.hidden = true;
    // The button that had the focus disappears. Without this the keyboard would start at the top of the page
    // again.
    if (focused) this._mute.focus();
  }

  async toggleFullscreen() {
    if (document.fullscreenElement) {
      await document.exitFullscreen();
      return;
    }
    // iPhones have full screen for videos only.
    const phone = /** @type {{webkitEnterFullscreen?: () => void}} */ (/** @type {unknown} */ (this._video));
    if (this._player.requestFullscreen) await this._player.requestFullscreen().catch(() => undefined);
    else phone.webkitEnterFullscreen?.();
  }

  /** @param {number} volume 0 to 1 */
  _setVolume(volume) {
    this._video.volume = volume;
    this._video.muted = volume === 0;
  }

  _showSound() {
    const muted = this._video.muted;
    this._mute.setAttribute('aria-pressed', String(muted));
    this._mute.replaceChildren(icon(muted ? 'muted' : 'sound'));
    // Muted is shown as 0, so that moving the slider alone turns the sound on.
    this._volume.value = String(muted ? 0 : Math.round(this._video.volume * 100));
  }

  _wake() {
    this._player.dataset.idle = 'false';
    clearTimeout(this._idleTimer);
    this._idleTimer = window.setTimeout(() => (this._player.dataset.idle = 'true'), IDLE_MS);
  }
}
