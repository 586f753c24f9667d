/**
 * The JSON API. Knows HTTP, knows no page.
 *
 * @typedef {import('../types.js').Stream} Stream
 */

import { msg, t } from '../ui/texts.js';
import { ROOT } from './address.js';

const TIMEOUT_MS = 6000;

/** What the server says to viewers without the right token, so that it has other languages; its other words are English. */
export const REFUSALS = [
  msg('This stream can be watched with a token only.'),
  msg('This server does not know the token.'),
  msg('The view token has expired.'),
  msg('The stream key that this view token was made with is revoked.'),
  msg('The stream key that this view token was made with has expired.'),
  msg('The token is good, but not for this: it is for other streams, or for less.'),
];

/** What went wrong with a request, in words that may be shown. `status` 0: no answer came at all. */
export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status
   * @param {number | null} retryAfterMs
   */
  constructor(message, status, retryAfterMs = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Retry-After, seconds or a date (RFC 9110 section 10.2.3), as milliseconds from now.
 *
 * @param {string | null} value
 * @param {number} nowMs wall clock, for the date form
 * @returns {number | null} null where the header is missing or makes no sense
 */
export function parseRetryAfter(value, nowMs) {
  if (value === null || value.trim() === '') return null;
  // Date.parse takes bare numbers as dates too, so seconds are recognised first.
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/**
 * The error a failed answer stands for: `detail` of a problem document (RFC 9457), else its title.
 *
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
export async function problemOf(response) {
  const retryAfterMs = parseRetryAfter(response.headers.get('Retry-After'), Date.now());
  let words = '';
  // A proxy in front of the server answers errors with pages of its own. Their text is no sentence for the person,
  // so only JSON is read.
  if ((response.headers.get('Content-Type') ?? '').includes('json')) {
    try {
      const body = await response.json();
      for (const part of [body.detail, body.title]) {
        if (words === '' && typeof part === 'string') words = part;
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  words ||= t('The server answered {status}.', { status: `${response.status} ${response.statusText}`.trim() });
  return new ApiError(t(words), response.status, retryAfterMs);
}

/**
 * `fetch` whose every failure is an ApiError; resolves only with a 2xx answer.
 *
 * @param {string} url
 * @param {RequestInit} init
 * @returns {Promise<Response>}
 */
export async function request(url, init = {}) {
  let response;
  try {
    // `no-store`: a cached list of streams would show a stream that has ended. `init` comes last, so a caller's
    // own signal replaces the limit.
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), cache: 'no-store', ...init });
  } catch (error) {
    // Only an abort by the caller passes through. The limit above raises `TimeoutError`, and an unreachable server
    // a TypeError; both mean that no answer came.
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(t('The server does not answer. Is it running, and is this device online?'), 0);
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

export class Api {
  /**
   * @param {() => string} token gives the admin token, or an empty string
   * @param {string} root where the server begins
   */
  constructor(token = () => '', root = ROOT) {
    this._token = token;
    this._root = root;
  }

  /** @param {string} path */
  _address(path) {
    return new URL(path, this._root).href;
  }

  /** @returns {Promise<import('../types.js').Server>} */
  server() {
    return this._json('api/v1/server');
  }

  /** @returns {Promise<Stream[]>} */
  async streams() {
    const body = await this._json('api/v1/streams');
    return Array.isArray(body) ? body : body.streams;
  }

  /**
   * All streams, also those that are not public; for the operator.
   *
   * @param {number} limit
   * @returns {Promise<{streams: Stream[], total: number}>} the first ones by name
   */
  allStreams(limit) {
    return this._json(`api/v1/streams?all=true&limit=${limit}`);
  }

  /** @returns {Promise<import('../types.js').StreamKey[]>} */
  async keys() {
    return (await this._json('api/v1/keys')).keys;
  }

  /**
   * @param {import('../types.js').KeySettings} settings
   * @returns {Promise<import('../types.js').NewKey>}
   */
  addKey(settings) {
    return this._post('api/v1/keys', settings);
  }

  /**
   * @param {string} id
   * @returns {Promise<import('../types.js').NewKey>} the key with another secret; the old one is good for an hour
   */
  rotateKey(id) {
    return this._post(`api/v1/keys/${encodeURIComponent(id)}/rotation`, {});
  }

  /** @param {string} id */
  async revokeKey(id) {
    await request(this._address(`api/v1/keys/${encodeURIComponent(id)}`), { method: 'DELETE', headers: this._headers() });
  }

  /** @returns {Promise<import('../types.js').AuditEntry[]>} the last administrative acts, the newest first */
  async audit() {
    return (await this._json('api/v1/audit')).entries;
  }

  /**
   * @param {string} id
   * @returns {Promise<Stream>}
   */
  stream(id) {
    return this._json(`api/v1/streams/${encodeURIComponent(id)}`);
  }

  /**
   * The newest small picture of a stream.
   *
   * @param {string} id
   * @returns {Promise<{picture: Blob, madeAtMs: number} | null>} null while there is none
   */
  async thumbnail(id) {
    try {
      // `no-cache`: asked for every time, sent only where it is another one.
      const path = `api/v1/streams/${encodeURIComponent(id)}/thumbnail`;
      const response = await request(this._address(path), { cache: 'no-cache', headers: this._headers() });
      return { picture: await response.blob(), madeAtMs: Date.parse(response.headers.get('Last-Modified') ?? '') };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  /**
   * @param {string} id
   * @param {string} rendition
   * @returns {Promise<import('../types.js').TeamMapView>}
   */
  teamMap(id, rendition) {
    return this._json(`api/v1/streams/${encodeURIComponent(id)}/renditions/${encodeURIComponent(rendition)}/map`);
  }

  /**
   * @param {string} id
   * @param {import('../types.js').StreamChange} changes
   * @returns {Promise<Stream>}
   */
  changeStream(id, changes) {
    return this._json(`api/v1/streams/${encodeURIComponent(id)}`, {
      method: 'PATCH',
      body: JSON.stringify(changes),
      headers: { 'Content-Type': 'application/json' },
    });
  }

  /**
   * @param {string} id
   * @param {string} name
   * @param {import('../types.js').RenditionSpec} spec
   * @returns {Promise<Stream>}
   */
  putRendition(id, name, spec) {
    return this._json(`api/v1/streams/${encodeURIComponent(id)}/renditions/${encodeURIComponent(name)}`, {
      method: 'PUT',
      body: JSON.stringify(spec),
      headers: { 'Content-Type': 'application/json' },
    });
  }

  /**
   * @param {string} id
   * @param {string} name
   */
  async removeRendition(id, name) {
    const path = `api/v1/streams/${encodeURIComponent(id)}/renditions/${encodeURIComponent(name)}`;
    await request(this._address(path), { method: 'DELETE', headers: this._headers() });
  }

  /**
   * @param {string} id of a live stream
   * @param {import('../types.js').RecordMode} mode
   * @returns {Promise<import('../types.js').StreamRecording>}
   */
  chooseRecording(id, mode) {
    return this._json(`api/v1/streams/${encodeURIComponent(id)}/recording`, {
      method: 'PUT',
      body: JSON.stringify({ mode }),
      headers: { 'Content-Type': 'application/json' },
    });
  }

  /**
   * @param {string} id
   * @param {number} lifeS seconds
   * @returns {Promise<import('../types.js').NewViewToken>} a token with which the stream can be watched
   */
  makeViewToken(id, lifeS) {
    return this._post(`api/v1/streams/${encodeURIComponent(id)}/view-tokens`, { life_s: lifeS });
  }

  /** @param {string} id */
  async endStream(id) {
    await request(this._address(`api/v1/streams/${encodeURIComponent(id)}`), {
      method: 'DELETE',
      headers: this._headers(),
    });
  }

  /** @returns {Promise<import('../types.js').Worker[]>} */
  async workers() {
    return (await this._json('api/v1/workers')).workers;
  }

  /** @returns {Promise<import('../types.js').DeviceList>} */
  devices() {
    return this._json('api/v1/devices');
  }

  /**
   * @param {string} name empty: the one that the device asks for
   * @returns {Promise<import('../types.js').NewDevice>}
   */
  addDevice(name) {
    return this._json('api/v1/devices', {
      method: 'POST',
      body: JSON.stringify({ name }),
      headers: { 'Content-Type': 'application/json' },
    });
  }

  /** @param {string} name */
  async removeDevice(name) {
    await request(this._address(`api/v1/devices/${encodeURIComponent(name)}`), { method: 'DELETE', headers: this._headers() });
  }

  /** @param {string} id of a token that nobody has used */
  async withdrawToken(id) {
    const path = `api/v1/devices/tokens/${encodeURIComponent(id)}`;
    await request(this._address(path), { method: 'DELETE', headers: this._headers() });
  }

  /**
   * @param {string} stream empty: of all streams
   * @param {number} limit
   * @returns {Promise<import('../types.js').RecordingList>}
   */
  async recordings(stream, limit) {
    const place = stream === '' ? '' : `/${encodeURIComponent(stream)}`;
    return this._json(`api/v1/recordings${place}?limit=${Math.min(limit, 1000)}`);
  }

  /** @returns {Promise<import('../types.js').Model[]>} */
  async models() {
    return (await this._json('api/v1/models')).models;
  }

  /**
   * @param {string} path
   * @param {object} body
   * @returns {Promise<any>}
   */
  _post(path, body) {
    return this._json(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  }

  /** @returns {Record<string, string>} */
  _headers() {
    const token = this._token();
    return token === '' ? {} : { Authorization: `Bearer ${token}` };
  }

  /**
   * @param {string} path
   * @param {{method?: string, body?: string, headers?: Record<string, string>}} init
   * @returns {Promise<any>}
   */
  async _json(path, init = {}) {
    const headers = { ...this._headers(), ...init.headers };
    const response = await request(this._address(path), { ...init, headers });
    return response.json();
  }
}
