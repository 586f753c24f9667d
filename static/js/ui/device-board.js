import { DeviceForm } from './device-form.js';
import { DeviceRow } from './device-row.js';
import { el, reconcile, setText } from './dom.js';
import { languageTag, t } from './texts.js';

/**
 * @typedef {import('../types.js').Device} Device
 * @typedef {import('../types.js').DeviceList} DeviceList
 * @typedef {import('../types.js').WaitingToken} WaitingToken
 * @typedef {object} DeviceActions
 * @property {(name: string) => Promise<import('../types.js').NewDevice | string>} add what was made, or what went wrong
 * @property {(name: string) => void} remove asked for; nothing is removed yet
 * @property {(id: string) => void} withdraw a token
 */

/** A token that waits for its device. */
class TokenRow {
  /**
   * @param {WaitingToken} token
   * @param {(id: string) => void} withdraw
   */
  constructor(token, withdraw) {
    const name = token.name || t('any name');
    const button = el('button', { type: 'button', class: 'button compact', 'aria-label': t('Withdraw the token for {name}', { name }) }, t('Withdraw'));
    button.addEventListener('click', () => withdraw(token.id));
    const until = t('waits until {time}', { time: new Date(token.expires_at).toLocaleString(languageTag()) });
    this.root = el('li', {}, el('b', {}, name), el('span', { class: 'muted' }, until), button);
  }

  update() {}
}

/** The devices at other sites on the operator's board: those that joined, tokens that wait, and a form. */
export class DeviceBoard {
  /** @param {DeviceActions} actions */
  constructor(actions) {
    this._actions = actions;
    /** @type {Map<string, DeviceRow>} */
    this._devices = new Map();
    /** @type {Map<string, TokenRow>} */
    this._tokens = new Map();
    this._none = el('p', { class: 'panel muted none' });
    this._rows = el('div', { class: 'rows workers', role: 'list', 'aria-label': t('Devices') });
    this._waiting = el('ul', { class: 'renditions waiting-tokens', 'aria-label': t('Tokens that wait for a device') });
    this._form = new DeviceForm(actions.add);
    this._adding = el('div', { class: 'panel row adding' }, this._form.root, this._waiting);
    this.root = el('div', {}, this._none, this._rows, this._adding);
  }

  /** @param {DeviceList} found */
  update({ gateways, devices, tokens }) {
    this._none.hidden = devices.length > 0;
    setText(
      this._none,
      gateways.length > 0
        ? t('No device of another site has joined.')
        : t('No gateway runs, so no device of another site can join. Set SHARPCAST_GATEWAY_HOST on the server.'),
    );
    this._adding.hidden = gateways.length === 0;
    this._waiting.hidden = tokens.length === 0;
    /** @param {Device} device */
    const row = (device) => new DeviceRow(device, this._actions.remove);
    reconcile(this._rows, this._devices, devices, (device) => device.name, row);
    /** @param {WaitingToken} token */
    const line = (token) => new TokenRow(token, this._actions.withdraw);
    reconcile(this._waiting, this._tokens, tokens, (token) => token.id, line);
  }
}
