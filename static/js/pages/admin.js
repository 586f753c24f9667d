/** The operator's board. */

import { Api, ApiError } from '../net/api.js';
import { byId, reconcile, setText } from '../ui/dom.js';
import { counted } from '../ui/format.js';
import { AuditBoard } from '../ui/audit-board.js';
import { DeviceBoard } from '../ui/device-board.js';
import { KeyBoard } from '../ui/key-board.js';
import { VisiblePoller } from '../ui/poller.js';
import { StreamRow } from '../ui/stream-row.js';
import { openPage } from '../ui/page-texts.js';
import { t } from '../ui/texts.js';
import { TokenStore } from '../ui/token-store.js';
import { WorkerRow } from '../ui/worker-row.js';

/**
 * @typedef {import('../types.js').Stream} Stream
 * @typedef {import('../types.js').Worker} Worker
 */

const PERIOD_MS = 1000;

/** Streams that are shown at first, and that each press on the button adds. */
const PAGE_STREAMS = 50;

class AdminPage {
  constructor() {
    this._tokens = new TokenStore('admin');
    this._api = new Api(() => this._tokens.get());
    this._error = byId('error', HTMLElement);
    this._tokenForm = byId('token-form', HTMLFormElement);
    this._token = byId('token', HTMLInputElement);
    this._board = byId('board', HTMLElement);
    this._dialog = byId('confirm', HTMLDialogElement);
    /** @type {import('../types.js').Model[]} */
    this._models = [];
    /** @type {string | null} the workers that the models were asked of */
    this._team = null;
    /** @type {Map<string, StreamRow>} */
    this._streams = new Map();
    /** @type {Map<string, WorkerRow>} */
    this._workers = new Map();
    /** @type {() => Promise<void>} what is done once the person says yes */
    this._confirmed = async () => {};
    this._devices = new DeviceBoard({
      add: (name) => this._addDevice(name),
      remove: (name) => this._confirmRemoval(name),
      withdraw: (id) => void this._act(() => this._then(this._api.withdrawToken(id))),
    });
    byId('devices', HTMLElement).append(this._devices.root);
    this._keys = new KeyBoard({
      add: (settings) => this._made(() => this._api.addKey(settings)),
      rotate: (id) => this._made(() => this._api.rotateKey(id)),
      revoke: (key) => this._confirmRevocation(key),
    });
    this._audit = new AuditBoard(() => this._api.audit());
    this._board.append(this._keys.root, this._audit.root);
    this._more = byId('more-streams', HTMLButtonElement);
    this._more.addEventListener('click', () => this._showMore());
    this._limit = PAGE_STREAMS;
    /** Whether the error shown is of something the operator did; the next refresh must not wipe it. */
    this._keepError = false;
    this._actions = {
      /** @type {import('../ui/stream-row.js').StreamActions['change']} */
      change: (id, changes) =>
        this._act(async () => this._streams.get(id)?.update(await this._api.changeStream(id, changes))),
      /** @type {import('../ui/stream-row.js').StreamActions['addRendition']} */
      addRendition: (id, name, spec) =>
        this._answerOf(async () => this._streams.get(id)?.update(await this._api.putRendition(id, name, spec))),
      /** @type {import('../ui/stream-row.js').StreamActions['removeRendition']} */
      removeRendition: (id, name) =>
        this._act(() => this._then(this._api.removeRendition(id, name))),
      /** @type {import('../ui/stream-row.js').StreamActions['makeLink']} */
      makeLink: (id, lifeS) => this._made(() => this._api.makeViewToken(id, lifeS)),
      /** @param {string} id */
      end: (id) => this._confirmEnd(id),
    };
    this._poller = new VisiblePoller(async () => void (await this._try(() => this._refresh())), PERIOD_MS);
    this._tokenForm.addEventListener('submit', (event) => this._useToken(event));
    this._dialog.addEventListener('close', () => this._closed());
  }

  async open() {
    await this._try(async () => {
      const server = await this._api.server();
      setText(byId('version', HTMLElement), `Sharpcast ${server.version}`);
      if (server.admin_token_needed && this._tokens.get() === '') this._askForToken('');
    });
    // A poll without a token would be refused, and the page would say that a token was not accepted which
    // nobody gave.
    if (this._tokenForm.hidden) this._poller.start();
  }

  async _refresh() {
    const [{ streams, total }, workers, devices, keys] = await Promise.all([
      this._api.allStreams(this._limit),
      this._api.workers(),
      this._api.devices(),
      this._api.keys(),
      this._audit.refresh(),
    ]);
    // Before the rows are made: a row without its models would offer none for a second.
    await this._askForModels(workers);
    this._board.hidden = false;
    if (!this._keepError) this._showError('');
    this._showStreams(streams, workers, devices.devices);
    this._showWorkers(workers);
    this._devices.update(devices);
    this._keys.update(keys);
    this._more.hidden = streams.length >= total;
    const counts = [counted(total, 'stream'), counted(workers.length, 'worker')];
    const joined = devices.devices.filter((device) => device.link !== null).length;
    if (joined > 0) counts.push(counted(joined, 'device'));
    setText(byId('summary', HTMLElement), counts.join(', '));
  }

  /** Rows are not cheap, so a long list comes in parts. */
  _showMore() {
    this._limit += PAGE_STREAMS;
    void this._try(() => this._refresh());
  }

  /**
   * A worker finds out at its start which models it can use, so other workers may mean other models.
   *
   * @param {Worker[]} workers
   */
  async _askForModels(workers) {
    const team = workers.map((worker) => `${worker.name} ${worker.started_at}`).sort().join();
    if (team === this._team) return;
    this._models = await this._api.models();
    this._team = team;
    for (const row of this._streams.values()) row.offer(this._models);
  }

  /**
   * @param {Stream[]} streams
   * @param {Worker[]} workers
   * @param {import('../types.js').Device[]} devices
   */
  _showStreams(streams, workers, devices) {
    byId('no-streams', HTMLElement).hidden = streams.length > 0;
    /** @param {Stream} stream */
    const make = (stream) => {
      const row = new StreamRow(stream, this._models, this._actions);
      row.know(workers, devices);
      return row;
    };
    for (const row of this._streams.values()) row.know(workers, devices);
    reconcile(byId('streams', HTMLElement), this._streams, streams, (stream) => stream.id, make);
  }

  /** @param {Worker[]} workers */
  _showWorkers(workers) {
    byId('no-workers', HTMLElement).hidden = workers.length > 0;
    /** @param {Worker} worker */
    const make = (worker) => new WorkerRow(worker);
    reconcile(byId('workers', HTMLElement), this._workers, workers, (worker) => worker.name, make);
  }

  /** @param {SubmitEvent} event */
  _useToken(event) {
    event.preventDefault();
    this._tokens.set(this._token.value.trim());
    this._token.value = '';
    this._tokenForm.hidden = true;
    this._keepError = false;
    this._showError('');
    this._poller.start();
  }

  /** @param {string} words why, where there is a reason beyond the first time */
  _askForToken(words) {
    this._poller.stop();
    this._tokens.set('');
    this._board.hidden = true;
    this._tokenForm.hidden = false;
    this._showError(words);
    this._token.focus();
  }

  /** @param {string} id */
  _confirmEnd(id) {
    const words = t('The publisher of “{id}” and all its viewers are disconnected at once.', { id });
    this._ask(t('End the stream?'), words, t('End stream'), () => this._then(this._api.endStream(id)));
  }

  /** @param {string} name */
  _confirmRemoval(name) {
    const words = t('“{name}” is disconnected at once, its streams go to others, and its key is refused from then on.', { name });
    this._ask(t('Remove the device?'), words, t('Remove device'), () => this._then(this._api.removeDevice(name)));
  }

  /** @param {import('../types.js').StreamKey} key */
  _confirmRevocation(key) {
    const words = t('The key for “{streams}” is refused from now on. Its live streams go on until they end.', { streams: key.streams });
    this._ask(t('Revoke the key?'), words, t('Revoke key'), () => this._then(this._api.revokeKey(key.id)));
  }

  /**
   * @param {string} title
   * @param {string} words
   * @param {string} yes
   * @param {() => Promise<void>} task
   */
  _ask(title, words, yes, task) {
    this._confirmed = task;
    setText(byId('confirm-title', HTMLElement), title);
    setText(byId('confirm-text', HTMLElement), words);
    setText(byId('confirm-yes', HTMLElement), yes);
    // Escape closes the dialog without setting a value, and the one of last time would still be there.
    this._dialog.returnValue = 'keep';
    this._dialog.showModal();
  }

  _closed() {
    if (this._dialog.returnValue === 'yes') void this._act(this._confirmed);
  }

  /**
   * @param {Promise<void>} change after which the board is read anew
   */
  async _then(change) {
    await change;
    await this._refresh();
  }

  /**
   * @param {string} name
   * @returns {Promise<import('../types.js').NewDevice | string>} what was made, or what went wrong
   */
  _addDevice(name) {
    return this._made(() => this._api.addDevice(name));
  }

  /**
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T | string>} what was made, or what went wrong
   */
  async _made(task) {
    /** @type {T | null} */
    let made = null;
    const fault = await this._answerOf(async () => void (made = await task()));
    return made ?? fault;
  }

  /**
   * @param {() => Promise<void>} task something the operator asked for
   * @returns {Promise<boolean>} whether it went well
   */
  async _act(task) {
    this._keepError = false;
    const done = await this._try(task);
    this._keepError = !done;
    return done;
  }

  /**
   * @param {() => Promise<void>} task something that has a place of its own for what goes wrong
   * @returns {Promise<string>} what went wrong, empty where nothing did
   */
  async _answerOf(task) {
    try {
      await task();
      return '';
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) this._askForToken(t('The token was not accepted. {reason}', { reason: error.message }));
      return error.message;
    }
  }

  /**
   * @param {() => Promise<void>} task
   * @returns {Promise<boolean>} whether it went well
   */
  async _try(task) {
    try {
      await task();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) this._askForToken(t('The token was not accepted. {reason}', { reason: error.message }));
      else this._showError(error.message);
      return false;
    }
  }

  /** @param {string} words */
  _showError(words) {
    setText(this._error, words);
    this._error.hidden = words === '';
  }
}

await openPage();
new AdminPage().open();
