/**
 * Where a broadcast's picture and sound come from: camera, screen or a video file.
 *
 * @typedef {'camera'|'screen'|'file'} SourceKind
 * @typedef {object} CaptureOptions
 * @property {SourceKind} kind
 * @property {string} deviceId empty: the browser's choice
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {boolean} microphone
 * @property {string} [microphoneId] empty: the browser's choice
 */

import { msg, t } from '../ui/texts.js';

/** A reason for the person, not for a log. */
export class CaptureError extends Error {}

/**
 * Why this page cannot capture at all, in words; empty where it can.
 *
 * @param {{isSecureContext: boolean, mediaDevices: unknown}} context
 */
export function captureObstacle({ isSecureContext, mediaDevices }) {
  // `navigator.mediaDevices` is undefined outside secure contexts, so the missing object is the test and the
  // context is the reason.
  if (mediaDevices) return '';
  if (!isSecureContext) {
    return t(
      'Browsers give camera, microphone and screen only to pages opened by HTTPS or from localhost. ' +
      'Open this page by HTTPS, or on the server itself as http://localhost. A video file works here too.',
    );
  }
  return t('This browser cannot use a camera or capture a screen. A video file may still work.');
}

/** @type {Record<string, string>} */
const DENIALS = {
  NotAllowedError: msg(
    'The browser refused access. Allow camera, microphone or screen for this page and try again; the sign for it stands ' +
    'beside the address.',
  ),
  NotFoundError: msg('No such device was found. Is a camera or microphone connected?'),
  NotReadableError: msg('The device could not be opened; another program may be using it.'),
  OverconstrainedError: msg('The device cannot deliver this size or frame rate. Choose another.'),
  AbortError: msg('Capturing was stopped before it began. Try again.'),
  InvalidStateError: msg('The browser opens the screen only right after a click. Press the button again.'),
  SecurityError: msg('The browser forbids capturing here. Open this page by HTTPS, in a window of its own.'),
  NotSupportedError: msg('This browser cannot capture that. Choose another source.'),
};

/** @param {unknown} error */
function explained(error) {
  // What a browser does not know it calls a TypeError, such as a screen on a phone.
  if (error instanceof TypeError) return new CaptureError(t('This browser cannot capture that. Choose another source.'));
  if (!(error instanceof DOMException)) return error;
  return new CaptureError(
    Object.hasOwn(DENIALS, error.name) ? t(DENIALS[error.name]) : t('Capturing failed: {reason}', { reason: error.message }),
  );
}

/**
 * @param {CaptureOptions} options
 * @returns {Promise<MediaStream>}
 */
export async function capture(options) {
  const obstacle = captureObstacle({ isSecureContext, mediaDevices: navigator.mediaDevices });
  if (obstacle !== '') throw new CaptureError(obstacle);
  try {
    return options.kind === 'screen' ? await captureScreen(options) : await captureCamera(options);
  } catch (error) {
    throw explained(error);
  }
}

/** @param {CaptureOptions} options */
function videoConstraints({ width, height, fps }) {
  // `ideal` instead of `exact`: a camera without this size then opens with its nearest one, and the sender scales.
  // The frame rate has a maximum besides, because more frames than are sent only cost processor time.
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: fps, max: fps } };
}

/** @param {CaptureOptions} options */
function microphoneOf({ microphone, microphoneId }) {
  return microphone && microphoneId ? { deviceId: { exact: microphoneId } } : microphone;
}

/** @param {CaptureOptions} options */
async function captureCamera(options) {
  // An empty id means the browser's own choice; asked for with `exact` it would match no device and be refused.
  const device = options.deviceId === '' ? {} : { deviceId: { exact: options.deviceId } };
  const media = await navigator.mediaDevices.getUserMedia({
    video: { ...device, ...videoConstraints(options) },
    audio: microphoneOf(options),
  });
  hint(media, 'motion');
  return media;
}

/** @param {CaptureOptions} options */
async function captureScreen(options) {
  // Its own size, so that the page shares the sharpest picture; the sender scales it.
  const media = await navigator.mediaDevices.getDisplayMedia({
    video: { frameRate: { ideal: options.fps, max: options.fps } },
    audio: true,
  });
  // Few browsers capture the sound of a screen. One sound track is published, so the microphone takes part only
  // where the screen has none.
  if (options.microphone && media.getAudioTracks().length === 0) {
    const voice = await navigator.mediaDevices.getUserMedia({ audio: microphoneOf(options) });
    for (const track of voice.getAudioTracks()) media.addTrack(track);
  }
  hint(media, 'detail');
  return media;
}

/**
 * Plays a file in the preview, again and again, and gives what it shows.
 *
 * @param {HTMLVideoElement} preview
 * @param {File | null} file
 */
export async function captureFile(preview, file) {
  if (file === null) throw new CaptureError(t('Choose a video file first.'));
  const capturable = /** @type {{captureStream?: () => MediaStream, mozCaptureStream?: () => MediaStream}} */ (
    /** @type {unknown} */ (preview)
  );
  const take = capturable.captureStream ?? capturable.mozCaptureStream;
  if (take === undefined) throw new CaptureError(t('This browser cannot broadcast a file. Use a camera or the screen.'));
  // `srcObject` wins over `src`, so the file would not play while a camera's media is still attached. Muted
  // playing needs no click, and the captured sound is not muted by it.
  preview.srcObject = null;
  preview.src = URL.createObjectURL(file);
  preview.loop = true;
  preview.muted = true;
  try {
    await preview.play();
  } catch (error) {
    releaseFile(preview);
    throw new CaptureError(t('This browser cannot play the file. MP4 or WebM works in most.'));
  }
  try {
    const media = take.call(preview);
    await pictureOf(media);
    hint(media, 'motion');
    return media;
  } catch (error) {
    releaseFile(preview);
    throw explained(error);
  }
}

/**
 * Some browsers add the tracks of a playing file a moment later.
 *
 * @param {MediaStream} media
 */
async function pictureOf(media) {
  for (let tries = 0; media.getVideoTracks().length === 0; tries += 1) {
    // Twenty tries of 50 ms are one second; a file without a picture would keep us here for ever.
    if (tries === 20) throw new CaptureError(t('The file has no picture, or this browser cannot send it. Choose another file.'));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** @param {HTMLVideoElement} preview */
export function releaseFile(preview) {
  if (preview.src === '') return;
  // The browser keeps the file's data as long as the object URL is not revoked, and the element keeps its decoder
  // until `load` is called without a source.
  URL.revokeObjectURL(preview.src);
  preview.removeAttribute('src');
  preview.load();
}

/** @typedef {{id: string, label: string}} Device its name is made up before permission */

/** @returns {Promise<{cameras: Device[], microphones: Device[]}>} */
export async function listDevices() {
  // Before permission some browsers list one nameless device without an id, which cannot be asked for.
  const found = await (navigator.mediaDevices?.enumerateDevices() ?? []);
  const devices = found.filter((device) => device.deviceId !== '');
  return {
    cameras: devices.filter(({ kind }) => kind === 'videoinput').map(({ deviceId, label }, index) => (
      { id: deviceId, label: label || t('Camera {number}', { number: index + 1 }) })),
    microphones: devices.filter(({ kind }) => kind === 'audioinput').map(({ deviceId, label }, index) => (
      { id: deviceId, label: label || t('Microphone {number}', { number: index + 1 }) })),
  };
}

/**
 * @param {MediaStream} media
 * @param {'motion' | 'detail'} purpose
 */
function hint(media, purpose) {
  for (const track of media.getVideoTracks()) track.contentHint = purpose;
}
