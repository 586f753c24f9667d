import { el, reconcile, setText } from './dom.js';
import { KeyForm } from './key-form.js';
import { languageTag, t } from './texts.js';

/**
 * @typedef {import('../types.js').StreamKey} StreamKey
 * @typedef {import('../types.js').NewKey} NewKey
 * @typedef {object} KeyActions
 * @property {(settings: import('../types.js').KeySettings) => Promise<NewKey | string>} add what was made, or what went wrong
 * @property {(id: string) => Promise<NewKey | string>} rotate likewise
 * @property {(key: StreamKey) => void} revoke asked for; nothing is revoked yet
 */

/**
 * @param {StreamKey} key
 * @returns {string} state of a key, for people
 */
export function keyWords(key) {
  const at = (/** @type {string} */ time) => ({ time: new Date(time).toLocaleString(languageTag()) });
  if (key.is_expired) return t('expired');
  if (key.live.length > 0) return t('live: {streams}', { streams: key.live.join(', ') });
  if (key.old_secret_until) return t('the old secret is good until {time}', at(key.old_secret_until));
  if (key.expires_at) return t('until {time}', at(key.expires_at));
  return t('not live');
}

/** One stream key on the operator's board. */
class KeyRow {
  /**
   * @param {StreamKey} key
   * @param {KeyActions} actions
   * @param {(made: NewKey) => void} show
   */
  constructor(key, actions, show) {
    this._key = key;
    this._state = el('span', { class: 'muted' });
    const rotate = el('button', { type: 'button', class: 'button compact', 'aria-label': t('New secret for the key for {streams}', { streams: key.streams }) }, t('New secret'));
    rotate.addEventListener('click', async () => {
      const made = await actions.rotate(key.id);
      if (typeof made !== 'string') show(made);
    });
    const revoke = el('button', { type: 'button', class: 'button compact', 'aria-label': t('Revoke the key for {streams}', { streams: key.streams }) }, t('Revoke'));
    revoke.addEventListener('click', () => actions.revoke(this._key));
    const note = el('span', { class: 'muted' }, key.note);
    this.root = el('li', {}, el('b', {}, key.streams), note, this._state, rotate, revoke);
    this.update(key);
  }

  /** @param {StreamKey} key */
  update(key) {
    this._key = key;
    setText(this._state, keyWords(key));
  }
}

/** The stream keys on the operator's board, and the form that makes one. */
export class KeyBoard {
  /** @param {KeyActions} actions */
  constructor(actions) {
    this._actions = actions;
    /** @type {Map<string, KeyRow>} */
    this._rows = new Map();
    this._form = new KeyForm(actions.add);
    this._list = el('ul', { class: 'renditions waiting-tokens', 'aria-label': t('Stream keys'), hidden: true });
    this.root = el('section', { 'aria-labelledby': 'keys-title' }, el('h2', { id: 'keys-title' }, t('Stream keys')));
    this.root.append(el('div', { class: 'panel row adding' }, this._form.root, this._list));
  }

  /** @param {StreamKey[]} keys */
  update(keys) {
    this._list.hidden = keys.length === 0;
    /** @param {StreamKey} key */
    const make = (key) => new KeyRow(key, this._actions, (made) => this._form.show(made));
    reconcile(this._list, this._rows, keys, (key) => key.id, make);
  }
}
