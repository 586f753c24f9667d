// A peer on werift, a WebRTC stack in TypeScript: `node werift_peer.cjs play|publish URL MODULES [PORT]`.
// Prints one line of JSON when it has seen, or sent, enough packets; it ends its session.
'use strict';

const dgram = require('node:dgram');
const path = require('node:path');

const [mode, url, modules, port] = process.argv.slice(2);
const { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } = require(path.join(modules, 'werift'));

const ENOUGH = 100;
const MAX_MS = 20000;

const feedback = [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }];
const vp8 = new RTCRtpCodecParameters({ mimeType: 'video/VP8', clockRate: 90000, rtcpFeedback: feedback });
const h264 = new RTCRtpCodecParameters({
  mimeType: 'video/H264',
  clockRate: 90000,
  rtcpFeedback: feedback,
  parameters: 'profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1',
});
const video = mode === 'play' ? [h264, vp8] : [vp8];
const peer = new RTCPeerConnection({ codecs: { video, audio: [] }, iceServers: [] });

let seen = 0;
let session = '';
let socket = null;

async function end(status) {
  if (socket !== null) socket.close();
  if (session) await fetch(session, { method: 'DELETE' });
  process.stdout.write(`${JSON.stringify({ packets: seen, state: peer.connectionState, ...status })}\n`);
  await peer.close();
  process.exit(0);
}

function count() {
  seen += 1;
  if (seen === ENOUGH) end({});
}

async function signal() {
  await peer.setLocalDescription(await peer.createOffer());
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp' },
    body: peer.localDescription.sdp,
  });
  const sdp = await answer.text();
  if (answer.status !== 201) return end({ error: `${answer.status} ${sdp}` });
  session = answer.headers.get('location');
  await peer.setRemoteDescription({ type: 'answer', sdp });
}

function play() {
  peer.onTrack.subscribe((track) => track.onReceiveRtp.subscribe(count));
  peer.addTransceiver('video', { direction: 'recvonly' });
}

function publish() {
  const track = new MediaStreamTrack({ kind: 'video' });
  peer.addTransceiver(track, { direction: 'sendonly' });
  socket = dgram.createSocket('udp4');
  socket.bind(Number(port), '127.0.0.1');
  socket.on('message', (packet) => {
    if (peer.connectionState !== 'connected') return;
    track.writeRtp(packet);
    // Frames go on until the session is ended from outside, by the time limit.
    seen += 1;
  });
}

(mode === 'play' ? play : publish)();
signal().catch((error) => end({ error: String(error) }));
setTimeout(() => end({ error: mode === 'play' ? 'too slow' : '' }), mode === 'play' ? MAX_MS : 8000);
