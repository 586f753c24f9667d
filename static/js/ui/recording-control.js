import { megabytes } from '../media/broadcasts.js';
import { el, setText } from './dom.js';
import { msg, t } from './texts.js';

/**
 * @typedef {import('../types.js').StreamRecording} StreamRecording
 * @typedef {import('../types.js').RecordMode} RecordMode
 */

/** @type {[RecordMode, string][]} */
const MODES = [['source', msg('As sent')], ['enhanced', msg('Enhanced')], ['both', msg('As sent and enhanced')]];

/**
 * Whether a broadcast is being recorded, as a sentence.
 *
 * @param {StreamRecording} recording
 */
export function recordingWords({ mode, parts }) {
  if (mode === 'off') return t('This broadcast is not being recorded.');
  const reason = parts.map((part) => part.reason).find((words) => words !== '') ?? '';
  const written = parts.filter((part) => part.state === 'recording');
  if (written.length === 0) return reason === '' ? t('Recording begins with the next key frame.') : t('Nothing is recorded at the moment. {reason}', { reason });
  const size = megabytes(parts.reduce((sum, part) => sum + part.bytes, 0));
  const words = written.length > 1 ? 'both' : written[0].rendition === 'source' ? 'source' : 'enhanced';
  const what = t(MODES.find(([name]) => name === words)?.[1] ?? '');
  return [t('This broadcast is being recorded: {what}, {size}.', { what, size }), reason].join(' ').trim();
}

/** Shows the broadcaster whether the broadcast is being recorded, and lets them start and stop that. */
export class RecordingControl {
  /** @param {(mode: RecordMode) => Promise<StreamRecording | string>} choose resolves with what is recorded, or with what went wrong */
  constructor(choose) {
    this._choose = choose;
    /** @type {RecordMode} */
    this._mode = 'off';
    this._words = el('p', { role: 'status' });
    this._select = el('select', { id: 'record-mode' }, ...MODES.map(([mode, words]) => el('option', { value: mode }, t(words))));
    this._field = el('div', { class: 'field' }, el('label', { for: 'record-mode' }, t('Record')), this._select);
    this._button = el('button', { type: 'button', class: 'button compact' }, t('Start recording'));
    this._hint = el('p', { class: 'hint' }, t('This choice stays for the name, also for later broadcasts.'));
    this._fault = el('p', { class: 'fault', role: 'alert', hidden: true });
    this.root = el('section', { class: 'recording-control', 'aria-label': t('Recording') }, this._words, this._field, this._button, this._hint, this._fault);
    this._button.addEventListener('click', () => void this._press());
    this.update(null);
  }

  /** @param {StreamRecording | null} recording null: it is not known */
  update(recording) {
    this.root.hidden = recording === null;
    if (recording === null) return;
    this._mode = recording.mode;
    const isOn = recording.mode !== 'off';
    setText(this._words, recordingWords(recording));
    setText(this._button, isOn ? t('Stop recording') : t('Start recording'));
    this._field.hidden = isOn;
    this.root.dataset.on = String(isOn);
  }

  async _press() {
    const mode = this._mode === 'off' ? /** @type {RecordMode} */ (this._select.value) : 'off';
    this._button.disabled = true;
    try {
      const found = await this._choose(mode);
      const fault = typeof found === 'string' ? found : '';
      setText(this._fault, fault);
      this._fault.hidden = fault === '';
      if (typeof found !== 'string') this.update(found);
    } finally {
      this._button.disabled = false;
    }
  }
}
