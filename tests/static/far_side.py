"""The other end of a WHIP or WHEP session, as a page of the same browser: real media."""

from __future__ import annotations

import asyncio

from playwright.async_api import BrowserContext, Page

_SCRIPT = """
const canvas = document.body.appendChild(document.createElement('canvas'));
Object.assign(canvas, { width: 320, height: 180 });
const pen = canvas.getContext('2d');
let count = 0;
setInterval(() => {
  count += 1;
  pen.fillStyle = `hsl(${count % 360} 60% 50%)`;
  pen.fillRect(0, 0, 320, 180);
}, 50);
const media = canvas.captureStream(20);
const context = new AudioContext();
const tone = context.createMediaStreamDestination();
const source = context.createOscillator();
source.connect(tone);
source.start();
media.addTrack(tone.stream.getAudioTracks()[0]);

const peers = [];
async function answer(kind, offer) {
  const peer = new RTCPeerConnection();
  peers.push(peer);
  await peer.setRemoteDescription({ type: 'offer', sdp: offer });
  if (kind === 'whep') {
    for (const transceiver of peer.getTransceivers()) {
      const track = media.getTracks().find((one) => one.kind === transceiver.receiver.track.kind);
      await transceiver.sender.replaceTrack(track);
      transceiver.direction = 'sendonly';
    }
  }
  await peer.setLocalDescription(await peer.createAnswer());
  await new Promise((done) => {
    const check = () => peer.iceGatheringState === 'complete' && done();
    peer.addEventListener('icegatheringstatechange', check);
    check();
  });
  return peer.localDescription.sdp;
}
function fallSilent() {
  for (const peer of peers) for (const sender of peer.getSenders()) sender.replaceTrack(null);
}
function hangUp() {
  for (const peer of peers.splice(0)) peer.close();
}
"""


class FarSide:
    """Answers offers; give `answer` to the fake server."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._loop = asyncio.get_running_loop()

    @classmethod
    async def open(cls, context: BrowserContext, url: str) -> FarSide:
        """`url`: any page of the fake server, for its origin."""
        page = await context.new_page()
        await page.goto(url)
        await page.set_content("<title>far side</title>")
        await page.evaluate(
            f"() => {{ {_SCRIPT} Object.assign(window, {{ answer, fallSilent, hangUp }}); }}"
        )
        return cls(page)

    def answer(self, kind: str, offer: str) -> str:
        """Called by the fake server's threads."""
        return asyncio.run_coroutine_threadsafe(self._answer(kind, offer), self._loop).result(8)

    async def _answer(self, kind: str, offer: str) -> str:
        return str(await self._page.evaluate("([k, o]) => answer(k, o)", [kind, offer]))

    async def hang_up(self) -> None:
        """Ends all sessions from this side."""
        await self._page.evaluate("() => hangUp()")

    async def fall_silent(self) -> None:
        """Sends nothing more, and keeps all sessions."""
        await self._page.evaluate("() => fallSilent()")

    def hang_up_soon(self) -> None:
        """As ``hang_up``, from the fake server's threads."""
        asyncio.run_coroutine_threadsafe(self.hang_up(), self._loop).result(8)
