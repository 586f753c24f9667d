"""Playing by WHEP (``net/whep.js``)."""

from __future__ import annotations

import re

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PLAYER = """
  harness.clock();
  const peers = harness.peers();
  let answer = [201, 'v=0', {Location: '/whep/cam/s1'}];
  const requests = harness.network((method) => (method === 'DELETE' ? [200] : answer));
  const play = (audio) =>
    new m.WhepPlayer({endpoint: '/whep/cam?rendition=small', iceServers: [], audio});
"""


@pytest.mark.parametrize(("audio", "kinds"), [("true", ["video", "audio"]), ("false", ["video"])])
async def test_the_offer_only_receives_and_has_sound_where_asked(
    run: Run, audio: str, kinds: list[str]
) -> None:
    body = f"""
      const player = play({audio});
      await player.start();
      return [peers[0].transceivers.map((one) => [one.what, one.init.direction]),
        requests.map((one) => [one.method, one.path, one.viewer]), player.state];
    """
    transceivers, [[method, path, viewer]], state = await run("net/whep", PLAYER + body)
    assert transceivers == [[kind, "recvonly"] for kind in kinds]
    assert (method, path) == ("POST", "/whep/cam?rendition=small")
    assert re.fullmatch(r"[\w-]{12}", viewer)
    assert state == "connecting"


async def test_the_browser_is_asked_for_the_least_delay(run: Run) -> None:
    body = """
      await play(true).start();
      return peers[0].transceivers.map(({receiver}) =>
        [receiver.jitterBufferTarget, receiver.playoutDelayHint]);
    """
    assert await run("net/whep", PLAYER + body) == [[0, 0], [0, 0]]


async def test_tracks_come_into_the_media_as_they_arrive(run: Run) -> None:
    body = """
      const player = play(true);
      const before = player.media.getTracks().length;
      const track = document.createElement('canvas').captureStream(0).getVideoTracks()[0];
      peers[0].dispatchEvent(Object.assign(new Event('track'), {track}));
      return [before, player.media.getTracks().map((one) => one.id === track.id)];
    """
    assert await run("net/whep", PLAYER + body) == [0, [True]]


async def test_a_refusal_is_thrown_and_leaves_no_connection(run: Run) -> None:
    body = """
      answer = [409, {detail: 'Nobody publishes this stream now.'}, {'Retry-After': '3'}];
      const player = play(true);
      const fault = await player.start().catch((error) => error);
      await harness.settle();
      return [fault.status, fault.message, fault.retryAfterMs, player.state,
        peers[0].signalingState, requests.length];
    """
    found = await run("net/whep", PLAYER + body)
    assert found == [409, "Nobody publishes this stream now.", 3000, "lost", "closed", 1]


async def test_an_answer_that_the_browser_refuses_is_ended_on_the_server(run: Run) -> None:
    body = """
      const player = play(true);
      peers[0].refusal = new Error('no codec');
      const fault = await player.start().catch((error) => error);
      await harness.settle();
      return [fault.message, player.state, requests.at(-1).method, requests.at(-1).path];
    """
    message, *rest = await run("net/whep", PLAYER + body)
    assert message.startswith("This browser cannot use the server's answer:")
    assert rest == ["lost", "DELETE", "/whep/cam/s1"]


async def test_the_token_to_watch_goes_with_the_offer_alone(run: Run) -> None:
    body = """
      const player = new m.WhepPlayer(
        {endpoint: '/whep/cam', iceServers: [], audio: false, token: 'vt_a.b'});
      await player.start();
      player.end();
      await harness.settle();
      return requests.map((one) => [one.method, one.headers.Authorization ?? '']);
    """
    assert await run("net/whep", PLAYER + body) == [["POST", "Bearer vt_a.b"], ["DELETE", ""]]
