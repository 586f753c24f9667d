/** Tints the picture by the device that made each part of it, while somebody wants that. */

import { ApiError } from '../net/api.js';
import { VisiblePoller } from './poller.js';
import { TintLayer, styleOf } from './tint-layer.js';
import { TintLegend } from './tint-legend.js';
import { t } from './texts.js';

/** Workers tell a map twice a second. */
const PERIOD_MS = 500;
/** The same for people who asked their system for less motion. */
const CALM_MS = 2000;

/** @typedef {import('../types.js').TeamMapView} TeamMapView */

export class DeviceTint {
  /**
   * @param {{canvas: HTMLCanvasElement, button: HTMLElement, legend: HTMLElement}} parts
   * @param {() => Promise<TeamMapView>} ask rejects with ApiError
   */
  constructor({ canvas, button, legend }, ask) {
    this._ask = ask;
    this._button = button;
    this._box = legend;
    /** @type {Map<string, number>} places of devices among the styles, in the order in which they came */
    this._places = new Map();
    const styleFor = (/** @type {string} */ name) => this._styleFor(name);
    this._layer = new TintLayer(canvas);
    this._legend = new TintLegend(legend, styleFor);
    const period = matchMedia('(prefers-reduced-motion: reduce)').matches ? CALM_MS : PERIOD_MS;
    this._poller = new VisiblePoller(() => this._refresh(), period);
    this._isOn = false;
    button.addEventListener('click', () => this.toggle());
  }

  toggle() {
    this._isOn = !this._isOn;
    this._button.setAttribute('aria-pressed', String(this._isOn));
    this._box.hidden = !this._isOn;
    if (this._isOn) {
      this._legend.explain(t('Asking who makes the picture…'));
      this._poller.start();
    } else {
      this._poller.stop();
      this._layer.clear();
    }
  }

  async _refresh() {
    let view = null;
    let words = '';
    try {
      view = await this._ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      words = error.message;
    }
    // It may have been switched off meanwhile.
    if (!this._isOn) return;
    if (view === null) this._legend.explain(words);
    else this._legend.show(view);
    // An old tint would tell of another picture.
    if (view === null || view.map === null) this._layer.clear();
    else this._layer.paint(view.map, (name) => this._styleFor(name));
  }

  /**
   * A device keeps its colour for as long as the page is open, whoever comes and goes beside it.
   *
   * @param {string} name
   */
  _styleFor(name) {
    const place = this._places.get(name) ?? this._places.size;
    this._places.set(name, place);
    return styleOf(place);
  }
}
