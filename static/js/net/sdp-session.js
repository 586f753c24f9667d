/**
 * What WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-03) share: one offer, one answer, one session URL.
 * Trickle is not used: the offer carries the candidates found within a second, the answer carries all.
 */

import { ApiError, request } from './api.js';

const GATHER_LIMIT_MS = 1000;
const DISCONNECTED_LIMIT_MS = 4000;

/**
 * @param {string} token
 * @returns {Record<string, string>}
 */
function authorization(token) {
  return token === '' ? {} : { Authorization: `Bearer ${token}` };
}

/**
 * The session URL of a Location header. The server may stand behind a proxy and not know its public scheme
 * and host, nor that a prefix of the path was taken away; what it does not know is that of the endpoint we reached.
 *
 * @param {string | null} location
 * @param {string} endpoint absolute URL that was posted to
 */
export function sessionUrl(location, endpoint) {
  if (location === null || location.trim() === '') {
    throw new ApiError('The server answered without a Location, so the session could not be ended.', 201);
  }
  const session = new URL(location, endpoint);
  const target = new URL(endpoint);
  const reached = target.pathname.replace(/\/$/, '');
  const parent = session.pathname.slice(0, session.pathname.lastIndexOf('/'));
  const prefix = reached.endsWith(parent) ? reached.slice(0, reached.length - parent.length) : '';
  return new URL(prefix + session.pathname + session.search, target).href;
}

/**
 * Resolves when the candidates are gathered or the limit is over, whichever is first.
 *
 * @param {RTCPeerConnection} peer
 * @param {number} limitMs
 */
export function gathered(peer, limitMs = GATHER_LIMIT_MS) {
  if (peer.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, limitMs);
    function check() {
      if (peer.iceGatheringState === 'complete') done();
    }
    function done() {
      clearTimeout(timer);
      peer.removeEventListener('icegatheringstatechange', check);
      resolve(undefined);
    }
    peer.addEventListener('icegatheringstatechange', check);
  });
}

/**
 * Makes the offer, posts it, applies the answer.
 *
 * @param {RTCPeerConnection} peer with its transceivers in place
 * @param {string} endpoint
 * @param {string} token empty where none is needed
 * @returns {Promise<string>} the session URL, to be ended with `endSession`
 */
export async function negotiate(peer, endpoint, token = '') {
  const target = new URL(endpoint, location.href).href;
  await peer.setLocalDescription(await peer.createOffer());
  await gathered(peer);
  const response = await request(target, {
    method: 'POST',
    body: peer.localDescription?.sdp ?? '',
    headers: { 'Content-Type': 'application/sdp', ...authorization(token) },
  });
  const session = sessionUrl(response.headers.get('Location'), target);
  const sdp = await response.text();
  try {
    await peer.setRemoteDescription({ type: 'answer', sdp });
  } catch (error) {
    endSession(session, token);
    if (peer.signalingState === 'closed') throw new DOMException('The session was closed.', 'AbortError');
    throw new ApiError(`This browser cannot use the server's answer: ${String(error)}`, 201);
  }
  return session;
}

/**
 * Ends a session. Works while the page is going away, and says nothing where the server is gone already.
 *
 * @param {string} session
 * @param {string} token
 */
export async function endSession(session, token = '') {
  try {
    await fetch(session, { method: 'DELETE', keepalive: true, headers: authorization(token) });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/**
 * Calls once when the connection stands and once when it is lost. A `disconnected` connection gets some
 * seconds to recover, as ICE often does.
 *
 * @param {RTCPeerConnection} peer
 * @param {{connected: () => void, lost: () => void}} handlers
 */
export function followConnection(peer, { connected, lost }) {
  let timer = 0;
  let over = false;
  let stood = false;
  function finish() {
    clearTimeout(timer);
    if (over) return;
    over = true;
    lost();
  }
  peer.addEventListener('connectionstatechange', () => {
    clearTimeout(timer);
    const state = peer.connectionState;
    if (state === 'failed' || state === 'closed') finish();
    else if (state === 'disconnected') timer = window.setTimeout(finish, DISCONNECTED_LIMIT_MS);
    else if (state === 'connected' && !stood) {
      stood = true;
      connected();
    }
  });
}
