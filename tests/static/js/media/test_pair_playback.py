"""Both renditions of a stream, one of them only while it shows (``media/pair-playback.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


PAIR = """
  const clock = harness.clock();
  const peers = harness.peers();
  const answer = [201, 'v=0', {Location: '/whep/cam/s'}];
  const requests = harness.network((method) => (method === 'DELETE' ? [200] : answer));
  const element = (name) => Object.assign(document.createElement(name), {muted: true});
  const videos = {source: element('video'), enhanced: element('video')};
  const canvases = {source: element('canvas'), enhanced: element('canvas')};
  for (const video of Object.values(videos)) video.play = async () => undefined;
  const pair = new m.PairPlayback('cam a', [], videos, canvases);
  const asked = () => requests.map(({method, path}) => `${method} ${path}`);
  const connect = async () => {
    await harness.settle();
    for (const peer of peers) {
      if (peer.connectionState === 'new') peer.become('connected');
      await harness.settle();
    }
  };
  const states = () => [pair.enhanced.state, pair.source.state];
"""
ENHANCED = "POST /whep/cam%20a?rendition=auto&fallback=source"
SOURCE = "POST /whep/cam%20a?rendition=source"


async def test_the_source_follows_the_enhanced_rendition_and_has_no_sound(run: Run) -> None:
    body = """
      pair.start();
      const first = states();
      await connect();
      await connect();
      return [first, states(), asked(), peers.map((peer) => peer.transceivers.length)];
    """
    assert await run("media/pair-playback", PAIR + body) == [
        ["connecting", "stopped"], ["playing", "playing"], [ENHANCED, SOURCE], [2, 1],
    ]  # fmt: skip


async def test_the_source_is_not_fetched_while_the_enhanced_picture_is_alone(run: Run) -> None:
    body = """
      pair.showSplit(0);
      pair.start();
      await connect();
      await clock.advance(10000);
      return [states(), asked()];
    """
    assert await run("media/pair-playback", PAIR + body) == [["playing", "stopped"], [ENHANCED]]


async def test_the_source_stays_for_a_minute_out_of_sight(run: Run) -> None:
    body = """
      pair.start();
      await connect();
      await connect();
      pair.showSplit(0);
      await clock.advance(59999);
      const kept = states();
      pair.showSplit(30);
      await clock.advance(5000);
      const back = asked().length;
      pair.showSplit(0);
      await clock.advance(60000);
      return [kept, back, states(), asked().at(-1).split(' ')[0]];
    """
    assert await run("media/pair-playback", PAIR + body) == [
        ["playing", "playing"], 2, ["playing", "stopped"], "DELETE",
    ]  # fmt: skip


async def test_without_the_enhanced_rendition_there_is_no_source(run: Run) -> None:
    body = """
      pair.start();
      await connect();
      await connect();
      pair.enhanced.absent();
      return states();
    """
    assert await run("media/pair-playback", PAIR + body) == ["waiting", "stopped"]


async def test_both_end_together(run: Run) -> None:
    body = """
      pair.start();
      await connect();
      await connect();
      pair.stop();
      await clock.advance(10000);
      const count = (method) => asked().filter((one) => one.startsWith(method)).length;
      return [states(), count('POST'), count('DELETE'),
        videos.enhanced.srcObject, videos.source.srcObject];
    """
    assert await run("media/pair-playback", PAIR + body) == [
        ["stopped", "stopped"], 2, 2, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("enhanced", "/whep/cam%20a?rendition=enhanced&fallback=source"),
        ("small", "/whep/cam%20a?rendition=small&fallback=source"),
        ("auto", "/whep/cam%20a?rendition=auto&fallback=source"),
    ],
)
async def test_another_rendition_is_asked_for_by_its_name(run: Run, name: str, path: str) -> None:
    body = """
      pair.showSplit(0);
      pair.choose('other');
      pair.choose(given);
      pair.start();
      await connect();
      return asked();
    """
    assert await run("media/pair-playback", PAIR + body, name) == [f"POST {path}"]


async def test_a_picture_is_there_once_the_element_has_one(run: Run) -> None:
    body = """
      let changes = 0;
      pair.addEventListener('change', () => (changes += 1));
      const found = [pair.hasPicture('enhanced')];
      pair.showSplit(0);
      pair.start();
      await connect();
      found.push(pair.hasPicture('enhanced'));
      Object.defineProperty(videos.enhanced, 'readyState', {value: 2});
      const before = changes;
      videos.enhanced.dispatchEvent(new Event('loadeddata'));
      found.push(pair.hasPicture('enhanced'), changes - before);
      pair.stop();
      return [...found, pair.hasPicture('enhanced'), pair.aligned];
    """
    assert await run("media/pair-playback", PAIR + body) == [False, False, True, 1, False, False]


async def test_who_saves_data_keeps_the_source_for_three_seconds(run: Run) -> None:
    saver = "harness.put(navigator, 'connection', {value: {saveData: true}});"
    body = """
      pair.start();
      await connect();
      await connect();
      pair.showSplit(0);
      await clock.advance(3000);
      return states();
    """
    assert await run("media/pair-playback", saver + PAIR + body) == ["playing", "stopped"]


async def test_the_viewer_may_have_the_source_ready_at_any_time(run: Run) -> None:
    body = """
      pair.showSplit(0);
      pair.start();
      await connect();
      pair.keepSource(true);
      await connect();
      await clock.advance(200000);
      const kept = states();
      pair.keepSource(false);
      await clock.advance(60000);
      return [kept, states()];
    """
    assert await run("media/pair-playback", PAIR + body) == [
        ["playing", "playing"], ["playing", "stopped"],
    ]  # fmt: skip


async def test_a_pair_of_frames_is_fetched_for_who_sees_one_side(run: Run) -> None:
    body = """
      pair.showSplit(0);
      pair.start();
      await connect();
      const waiting = pair.pair(1000);
      await connect();
      const during = states();
      await clock.advance(2000);
      const found = await waiting;
      pair.settle();
      await clock.advance(60000);
      return [during, found, states()];
    """
    assert await run("media/pair-playback", PAIR + body) == [
        ["playing", "playing"], None, ["playing", "stopped"],
    ]  # fmt: skip
