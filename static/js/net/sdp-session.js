/**
 * What WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep-04) share: one offer, one answer, one session URL.
 * Trickle is not used: the offer carries the candidates found within a second, the answer carries all.
 */

import { ApiError, request } from './api.js';
import { STEREO_RTPMAP } from './codecs.js';

const GATHER_LIMIT_MS = 1000;
const DISCONNECTED_LIMIT_MS = 4000;
/** From the making of the offer until media can flow; a browser alone waits for half a minute. */
const CONNECT_LIMIT_MS = 8000;

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
  // The server's path may lack the beginning that a proxy took away. The part that both paths share shows how much
  // was taken: the session's parent is the endpoint without that prefix.
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
 * The offer with both channels of sound asked for: Chromium and Safari send and play one channel unless offer
 * and answer say `stereo=1` (RFC 7587 section 7.1), and no interface of theirs sets it.
 *
 * @param {string} sdp
 */
export function withStereo(sdp) {
  let changed = sdp;
  for (const [line, number] of sdp.matchAll(STEREO_RTPMAP)) {
    const parameters = new RegExp(`^a=fmtp:${number} ([^\\r\\n]*)`, 'm').exec(sdp);
    if (parameters === null) {
      changed = changed.replace(line, `${line.trimEnd()}\r\na=fmtp:${number} stereo=1;sprop-stereo=1\r`);
      continue;
    }
    const names = parameters[1].split(';').map((part) => part.split('=')[0].trim().toLowerCase());
    const added = ['stereo', 'sprop-stereo'].filter((name) => !names.includes(name)).map((name) => `;${name}=1`);
    changed = changed.replace(parameters[0], parameters[0] + added.join(''));
  }
  return changed;
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
  const offer = await peer.createOffer();
  await peer.setLocalDescription({ type: 'offer', sdp: withStereo(offer.sdp ?? '') });
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
    // Closing a connection while an answer is applied rejects too. That is the page's own doing and no fault of
    // the answer.
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
    // `keepalive` lets the request outlive the page, which ends sessions in `pagehide`.
    await fetch(session, { method: 'DELETE', keepalive: true, headers: authorization(token) });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/**
 * Why a connection is lost, or not there yet.
 *
 * @param {RTCPeerConnection} peer
 * @param {boolean} stood whether it was connected before
 * @returns {import('./trouble.js').MediaFault}
 */
export function faultOf(peer, stood) {
  const keys = transportsOf(peer).map((transport) => transport.state);
  if (keys.includes('closed')) return 'closed';
  // ICE that connected shows that packets come through; then only the handshake of the encryption can be missing.
  if (stood) return 'broken';
  return keys.includes('failed') || ['connected', 'completed'].includes(peer.iceConnectionState) ? 'dtls' : 'ice';
}

/** @param {RTCPeerConnection} peer */
function transportsOf(peer) {
  const all = peer.getTransceivers().map(({ sender, receiver }) => sender.transport ?? receiver.transport);
  return [...new Set(all)].filter((transport) => transport !== null && transport !== undefined);
}

/**
 * Calls once when the connection stands and once when it is lost or did not stand in time. A `disconnected`
 * connection gets some seconds to recover, as ICE often does. Begins when the answer is applied, at the latest.
 *
 * @param {RTCPeerConnection} peer
 * @param {{connected: () => void, lost: (fault: import('./trouble.js').MediaFault) => void}} handlers
 */
export function followConnection(peer, { connected, lost }) {
  // One timer serves both limits: the connection is either not there yet or was there before, never both.
  let timer = window.setTimeout(finish, CONNECT_LIMIT_MS);
  let over = false;
  let stood = false;
  function finish() {
    clearTimeout(timer);
    // Our own `close` must not be told as a loss.
    if (over || peer.signalingState === 'closed') return;
    over = true;
    lost(peer.remoteDescription === null ? 'late' : faultOf(peer, stood));
  }
  peer.addEventListener('connectionstatechange', () => {
    const state = peer.connectionState;
    // `connecting` and `new` keep the first limit running: a connection that goes back and forth between checks
    // must not get eight seconds each time.
    if (state !== 'connecting' && state !== 'new') clearTimeout(timer);
    if (state === 'failed' || state === 'closed') finish();
    else if (state === 'disconnected') timer = window.setTimeout(finish, DISCONNECTED_LIMIT_MS);
    else if (state === 'connected' && !stood) {
      stood = true;
      // The other side's goodbye ends only the transport; the connection's own state takes seconds to follow.
      for (const transport of transportsOf(peer)) {
        transport.addEventListener('statechange', () => transport.state === 'closed' && finish());
      }
      connected();
    }
  });
}
