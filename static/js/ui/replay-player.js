/** Plays one part of a broadcast: a file, or the enhanced one with the one as sent behind a divider. */

import { byId, el, setText } from './dom.js';
import { SplitSlider } from './split-slider.js';
import { t } from './texts.js';

/** @typedef {import('../media/broadcasts.js').Part} Part */
/** @typedef {'main' | 'both' | 'source'} Choice */

/** A second video that is further apart is set to the first one anew, which costs it a moment. */
const MAX_APART_S = 0.1;
const JUMP_S = 5;
const SPEEDS = [0.5, 1, 1.5, 2, 4];

export class ReplayPlayer {
  /** @param {(recording: import('../types.js').Recording) => string} urlOf */
  constructor(urlOf) {
    this._urlOf = urlOf;
    this._main = byId('main-video', HTMLVideoElement);
    this._source = byId('source-video', HTMLVideoElement);
    this._divider = byId('divider', HTMLElement);
    this._speed = byId('speed', HTMLSelectElement);
    this._choices = byId('choice', HTMLElement);
    /** @type {Part | null} */
    this._part = null;
    /** @type {Choice} */
    this._choice = 'main';
    this._slider = new SplitSlider(byId('stage', HTMLElement), this._divider, () => {});
    this._speed.addEventListener('change', () => this._setSpeed(Number(this._speed.value)));
    for (const event of ['play', 'pause', 'seeked', 'ratechange', 'timeupdate']) {
      this._main.addEventListener(event, () => this._follow());
    }
    document.addEventListener('keydown', (event) => this._onKey(event));
  }

  /** @param {Part} part */
  open(part) {
    this._part = part;
    byId('player', HTMLElement).hidden = false;
    setText(byId('playing', HTMLElement), part.main.stream);
    this._show(part.source === null ? 'main' : 'both');
    this._main.focus();
  }

  close() {
    this._part = null;
    for (const video of [this._main, this._source]) {
      video.pause();
      video.removeAttribute('src');
    }
    byId('player', HTMLElement).hidden = true;
  }

  /** @param {Choice} choice */
  _show(choice) {
    const part = this._part;
    if (part === null) return;
    const at = this._main.currentTime;
    const wasSource = this._choice === 'source';
    this._choice = choice;
    const shown = choice === 'source' && part.source !== null ? part.source : part.main;
    const url = this._urlOf(shown);
    if (this._main.getAttribute('src') !== url) {
      const isSamePart = this._main.hasAttribute('src') && this._main.dataset.part === part.key;
      this._main.dataset.part = part.key;
      this._main.src = url;
      if (isSamePart) this._main.currentTime = Math.max(0, at + (wasSource ? -part.offset_s : part.offset_s));
    }
    const both = choice === 'both' && part.source !== null;
    if (both && part.source !== null) this._source.src = this._urlOf(part.source);
    else this._source.removeAttribute('src');
    this._source.hidden = this._divider.hidden = !both;
    const download = byId('download', HTMLAnchorElement);
    download.href = `${url}${url.includes('?') ? '&' : '?'}download=true`;
    this._setSpeed(Number(this._speed.value));
    this._showChoices(part);
  }

  /** @param {Part} part */
  _showChoices(part) {
    /** @type {[Choice, string][]} */
    const choices = part.source === null ? [] : [['main', t('Enhanced')], ['both', t('Side by side')], ['source', t('As sent')]];
    this._choices.replaceChildren(...choices.map(([choice, words]) => {
      const button = el('button', { class: 'button compact', type: 'button', 'aria-pressed': String(choice === this._choice) }, words);
      button.addEventListener('click', () => this._show(choice));
      return button;
    }));
  }

  /** @param {number} speed */
  _setSpeed(speed) {
    this._speed.value = String(speed);
    this._main.playbackRate = this._source.playbackRate = speed;
  }

  /** Keeps the second video where the first one is. */
  _follow() {
    if (this._source.hidden || this._part === null) return;
    const wanted = this._main.currentTime + this._part.offset_s;
    if (Math.abs(this._source.currentTime - wanted) > MAX_APART_S) this._source.currentTime = Math.max(0, wanted);
    this._source.playbackRate = this._main.playbackRate;
    if (this._main.paused) this._source.pause();
    else if (this._source.paused) this._source.play().catch(() => {});
  }

  /** @param {KeyboardEvent} event */
  _onKey(event) {
    if (this._part === null || event.ctrlKey || event.altKey || event.metaKey) return;
    // Buttons, lists and the divider have these keys for themselves, and so has the video's own bar.
    if (event.target instanceof Element && event.target.closest('button, select, input, a, [role=slider]')) return;
    if (event.key === ' ' && event.target !== this._main) {
      if (this._main.paused) this._main.play().catch(() => {});
      else this._main.pause();
    } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      this._main.currentTime += event.key === 'ArrowLeft' ? -JUMP_S : JUMP_S;
    } else if (event.key === '<' || event.key === '>') {
      const at = SPEEDS.indexOf(Number(this._speed.value)) + (event.key === '<' ? -1 : 1);
      this._setSpeed(SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, at))]);
    } else {
      return;
    }
    event.preventDefault();
  }
}
