"""Pairs of frames on two canvases (``media/split-painter.js``), with real frames."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


PAINTER = """
  const clock = harness.clock();
  const RealFrame = window.VideoFrame;
  let open = 0;
  // A frame of the element's colour, counted until it is closed.
  harness.put(window, 'VideoFrame', {value: class {
    constructor(video) {
      if (video.gone) throw new DOMException('', 'InvalidStateError');
      const bitmap = new OffscreenCanvas(video.width, 2);
      const pen = bitmap.getContext('2d');
      pen.fillStyle = video.colour;
      pen.fillRect(0, 0, video.width, 2);
      const frame = new RealFrame(bitmap, {timestamp: 0});
      const close = frame.close.bind(frame);
      open += 1;
      frame.close = () => { open -= 1; close(); };
      frame.metadata = () => ({rtpTimestamp: video.own});
      return frame;
    }
  }});
  const video = (colour, width) => ({
    colour, width, own: undefined, waiting: new Map(), asked: 0,
    requestVideoFrameCallback(task) { this.waiting.set(++this.asked, task); return this.asked; },
    cancelVideoFrameCallback(handle) { this.waiting.delete(handle); },
  });
  const videos = {source: video('rgb(255, 0, 0)', 4), enhanced: video('rgb(0, 0, 255)', 8)};
  const canvas = () => document.createElement('canvas');
  const canvases = {source: canvas(), enhanced: canvas()};
  let told = 0;
  const painter = new m.SplitPainter(videos, canvases, () => (told += 1));
  // Frames that the test leaves open; the browser warns of those that it has to collect.
  harness.atEnd(() => painter.stop());
  const present = (side, rtp) => {
    const [[handle, task]] = videos[side].waiting;
    videos[side].waiting.delete(handle);
    task(clock.now, {rtpTimestamp: rtp});
  };
  const colour = (side) => [...canvases[side].getContext('2d').getImageData(0, 0, 1, 1).data];
"""


async def test_the_same_picture_is_painted_on_both_sides_in_its_own_size(run: Run) -> None:
    body = """
      painter.start();
      present('source', 900);
      const before = [painter.lastPair, painter.isAligned(clock.now)];
      present('enhanced', 900);
      return [before, painter.lastPair, painter.isAligned(clock.now), told, open,
        canvases.source.width, canvases.enhanced.width, colour('source'), colour('enhanced')];
    """
    assert await run("media/split-painter", PAINTER + body) == [
        [None, False],
        {"source": 900, "enhanced": 900},
        True,
        1,
        0,
        4,
        8,
        [255, 0, 0, 255],
        [0, 0, 255, 255],
    ]


async def test_frames_without_a_partner_are_kept_but_not_painted(run: Run) -> None:
    body = """
      painter.start();
      for (let rtp = 0; rtp < 20; rtp += 1) present('source', 3000 * rtp);
      return [open, painter.matcher.held, painter.matcher.dropped.source, told];
    """
    assert await run("media/split-painter", PAINTER + body) == [16, 16, 4, 0]


async def test_the_stamp_of_the_frame_itself_wins_over_that_of_the_callback(run: Run) -> None:
    body = """
      painter.start();
      videos.source.own = 6000;
      present('source', 3000);
      present('enhanced', 6000);
      return painter.lastPair;
    """
    assert await run("media/split-painter", PAINTER + body) == {"source": 6000, "enhanced": 6000}


async def test_frames_without_a_stamp_and_elements_without_a_frame_are_left_out(run: Run) -> None:
    body = """
      painter.start();
      present('source', undefined);
      videos.source.gone = true;
      present('source', 3000);
      videos.source.gone = false;
      present('source', 6000);
      return [open, painter.matcher.held];
    """
    assert await run("media/split-painter", PAINTER + body) == [1, 1]


async def test_pairs_that_stop_coming_give_the_videos_their_place(run: Run) -> None:
    body = """
      painter.start();
      const both = (rtp) => { present('source', rtp); present('enhanced', rtp); };
      both(0);
      await clock.advance(699);
      const fresh = painter.isAligned(clock.now);
      await clock.advance(1);
      const stale = painter.isAligned(clock.now);
      both(90000);
      both(93000);
      return [fresh, stale, painter.isAligned(clock.now), told];
    """
    assert await run("media/split-painter", PAINTER + body) == [True, False, True, 2]


async def test_stopping_closes_all_frames_and_asks_for_no_more(run: Run) -> None:
    body = """
      painter.start();
      painter.start();
      const asked = videos.source.waiting.size;
      present('source', 900);
      present('enhanced', 3900);
      painter.stop();
      painter.stop();
      const left = [videos.source.waiting.size, videos.enhanced.waiting.size, open,
        painter.isAligned(clock.now), painter.lastPair];
      painter.start();
      present('source', 900);
      present('enhanced', 900);
      return [asked, left, painter.lastPair.source];
    """
    assert await run("media/split-painter", PAINTER + body) == [1, [0, 0, 0, False, None], 900]


async def test_a_browser_that_does_not_tell_frames_is_left_alone(run: Run) -> None:
    body = """
      harness.put(HTMLVideoElement.prototype, 'requestVideoFrameCallback', {value: undefined});
      delete HTMLVideoElement.prototype.requestVideoFrameCallback;
      const other = new m.SplitPainter(videos, canvases, () => undefined);
      other.start();
      return [painter.supported, other.supported, videos.source.waiting.size];
    """
    assert await run("media/split-painter", PAINTER + body) == [True, False, 0]
