/** The form of the broadcast page: what is to be captured and sent, and whether it makes sense. */

import { captureObstacle, listDevices } from '../media/capture.js';
import { byId, el, setText } from './dom.js';
import { nameFault } from './format.js';
import { Remembered } from './remembered.js';
import { t } from './texts.js';
import { TokenStore } from './token-store.js';

/** @typedef {import('../media/capture.js').CaptureOptions} CaptureOptions */

const AUTOMATIC = 'auto';
/** What is captured where the sent size is chosen by the line. */
const LARGEST = '960x540';

export class BroadcastForm {
  constructor() {
    this.form = byId('form', HTMLFormElement);
    this.name = byId('stream-name', HTMLInputElement);
    this.token = byId('token', HTMLInputElement);
    this._nameHint = byId('name-hint', HTMLElement);
    this._nameHelp = [...this._nameHint.childNodes];
    this._camera = byId('camera', HTMLSelectElement);
    this._file = byId('file', HTMLInputElement);
    this._size = byId('size', HTMLSelectElement);
    this._fps = byId('fps', HTMLSelectElement);
    this._kbps = byId('kbps', HTMLInputElement);
    this._microphone = byId('microphone', HTMLInputElement);
    this._microphoneDevice = byId('microphone-device', HTMLSelectElement);
    this._mirror = byId('mirror', HTMLInputElement);
    this._remembered = new Remembered('broadcast');
    this._isSizeAsked = false;
    this._size.addEventListener('change', () => (this._isSizeAsked = true));
    this._tokens = new TokenStore('publish');
    this.token.value = this._tokens.get();
    this.name.addEventListener('input', () => this._showNameFault(''));
    this.name.addEventListener('blur', () => this._showNameFault(this.name.value && nameFault(this.name.value)));
    this._kbps.addEventListener('input', () => this._showKbps());
    this.form.addEventListener('change', () => this._showSource());
    this._showObstacle();
  }

  /** @returns {import('../media/capture.js').SourceKind} */
  get source() {
    // FormData leaves out the fields of a disabled fieldset, so while live the source is the one that `lock` kept.
    const kind = new FormData(this.form).get('source') ?? this._lastSource;
    return kind === 'screen' || kind === 'file' ? kind : 'camera';
  }

  get file() {
    return this._file.files?.[0] ?? null;
  }

  /** @returns {CaptureOptions} */
  get capture() {
    const [width, height] = (this.isAutomatic ? LARGEST : this._size.value).split('x').map(Number);
    return {
      kind: this.source,
      deviceId: this._camera.value,
      width,
      height,
      fps: Number(this._fps.value),
      microphone: this._microphone.checked,
      microphoneId: this._microphoneDevice.value,
    };
  }

  /** Whether the sent size follows the line, up to the largest one of the form. */
  get isAutomatic() {
    return this._size.value === AUTOMATIC;
  }

  get kbps() {
    return Number(this._kbps.value);
  }

  /** Whether the own camera is shown as in a mirror. */
  get isMirrored() {
    return this._mirror.checked && this.source === 'camera';
  }

  /**
   * Fills in what was chosen on an earlier visit, where a link does not say it.
   *
   * @param {URLSearchParams} link
   */
  recall(link) {
    const kept = (/** @type {string} */ name, asked = name) => (link.has(asked) ? '' : (this._remembered.get(name) ?? ''));
    if (kept('name', 'stream') !== '') this.name.value = kept('name', 'stream');
    if (kept('kbps') !== '') this._kbps.value = kept('kbps');
    if (kept('fps') !== '') choose(this._fps, kept('fps'), kept('fps'));
    const size = link.has('height') ? '' : kept('size', 'width');
    if ([...this._size.options].some((option) => option.value === size)) {
      this._size.value = size;
      this._isSizeAsked = size !== AUTOMATIC;
    }
    if (kept('microphone', 'mic') !== '') this._microphone.checked = kept('microphone', 'mic') === 'true';
    this._mirror.checked = kept('mirror') === 'true';
    this._chooseSource(kept('source'));
    this._showKbps();
    this._showSource();
  }

  /** Keeps what is chosen for the next visit. The token is not among it. */
  remember() {
    const { name, _kbps: kbps, _mirror: mirror, _microphone: microphone } = this;
    const values = {
      name: name.value.trim(),
      source: this.source,
      camera: this._camera.value,
      microphoneId: this._microphoneDevice.value,
      size: this._size.value,
      fps: this._fps.value,
      kbps: kbps.value,
      mirror: mirror.checked,
      microphone: microphone.checked,
    };
    for (const [key, value] of Object.entries(values)) this._remembered.set(key, String(value));
  }

  /** @param {string} kind */
  _chooseSource(kind) {
    const choice = this.form.querySelector(`input[name="source"][value="${CSS.escape(kind)}"]`);
    if (choice instanceof HTMLInputElement) choice.checked = true;
  }

  /** @param {import('../media/broadcast-query.js').BroadcastQuery} query */
  fill(query) {
    this.name.value = query.stream;
    this._isSizeAsked = query.asksSize;
    choose(this._size, `${query.width}x${query.height}`, `${query.width} × ${query.height}`);
    choose(this._fps, String(query.fps), String(query.fps));
    // A link may ask for more than the slider's own range; the browser would cut the value silently.
    this._kbps.max = String(Math.max(Number(this._kbps.max), query.kbps));
    this._kbps.min = String(Math.min(Number(this._kbps.min), query.kbps));
    this._kbps.value = String(query.kbps);
    this._microphone.checked = query.microphone;
    this._chooseSource(query.source);
    this._showKbps();
    this._showSource();
  }

  /**
   * Says what is wrong beside the field and moves there.
   *
   * @returns {boolean} whether the form can be sent
   */
  check() {
    const fault = nameFault(this.name.value.trim());
    this._showNameFault(fault);
    if (fault !== '') this.name.focus();
    return fault === '';
  }

  /**
   * Offers to choose the size by the line, and proposes it where nothing was chosen yet.
   *
   * @param {boolean} isOffered
   */
  offerAutomatic(isOffered) {
    const option = byId('size-automatic', HTMLOptionElement);
    option.hidden = option.disabled = !isOffered;
    byId('size-hint', HTMLElement).hidden = !isOffered;
    if (isOffered && !this._isSizeAsked) this._size.value = AUTOMATIC;
  }

  /** @param {boolean} needed */
  askForToken(needed) {
    byId('token-field', HTMLElement).hidden = !needed;
  }

  keepToken() {
    this._tokens.set(this.token.value);
  }

  /** @param {boolean} locked while live, what was chosen cannot change */
  lock(locked) {
    this._lastSource = this.source;
    byId('settings', HTMLFieldSetElement).disabled = locked;
    this.name.readOnly = locked;
    // Read-only instead of disabled: the focus stays, and screen readers still read the value.
    this.token.readOnly = locked;
  }

  /** Names are known only after permission, so this runs again after the first capture. */
  async listDevices() {
    const { cameras, microphones } = await listDevices();
    list(this._camera, cameras, this._remembered.get('camera') ?? '');
    list(this._microphoneDevice, microphones, this._remembered.get('microphoneId') ?? '');
  }

  _showKbps() {
    setText(byId('kbps-value', HTMLElement), this._kbps.value);
  }

  _showSource() {
    byId('camera-field', HTMLElement).hidden = this.source !== 'camera';
    byId('file-field', HTMLElement).hidden = this.source !== 'file';
    byId('microphone-field', HTMLElement).hidden = this.source === 'file';
    byId('mirror-field', HTMLElement).hidden = this.source !== 'camera';
    this._microphoneDevice.hidden = !this._microphone.checked;
  }

  _showObstacle() {
    const words = captureObstacle({ isSecureContext, mediaDevices: navigator.mediaDevices });
    const notice = byId('obstacle', HTMLElement);
    notice.hidden = words === '';
    setText(notice, words);
  }

  /** @param {string} fault */
  _showNameFault(fault) {
    if (fault === '') this._nameHint.replaceChildren(...this._nameHelp);
    else setText(this._nameHint, fault);
    this.name.setAttribute('aria-invalid', String(fault !== ''));
  }
}

/**
 * @param {HTMLSelectElement} select
 * @param {string} value
 * @param {string} label
 */
function choose(select, value, label) {
  if (![...select.options].some((option) => option.value === value)) {
    select.append(el('option', { value }, label));
  }
  select.value = value;
}

/**
 * @param {HTMLSelectElement} select
 * @param {import('../media/capture.js').Device[]} devices
 * @param {string} kept chosen on an earlier visit
 */
function list(select, devices, kept) {
  const chosen = select.value || kept;
  const options = devices.map(({ id, label }) => el('option', { value: id }, label));
  select.replaceChildren(el('option', { value: '' }, t("The browser's choice")), ...options);
  // The list is made anew, so the choice is set again. A device that was unplugged meanwhile leaves nothing selected;
  // then the first entry is the honest one.
  select.value = chosen;
  if (select.selectedIndex < 0) select.selectedIndex = 0;
}
