"""Pairs of frames by RTP time stamp (``media/frame-matcher.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


MATCHER = """
  const closed = [];
  const matcher = new m.FrameMatcher(3, (frame) => closed.push(frame));
  const offer = (side, rtp) => matcher.offer(side, rtp, side[0] + rtp);
"""


async def test_frames_with_the_same_stamp_make_a_pair(run: Run) -> None:
    body = """
      offer('source', 10); offer('source', 20); offer('source', 30);
      const pair = offer('enhanced', 20);
      return [pair, closed, matcher.matched, matcher.dropped, matcher.held, matcher.lastRtp];
    """
    pair, closed, matched, dropped, held, last = await run("media/frame-matcher", MATCHER + body)
    assert pair == {"rtp": 20, "source": "s20", "enhanced": "e20"}
    assert closed == ["s10"]
    assert (matched, dropped, held, last) == (1, {"source": 1, "enhanced": 0}, 1, 20)


async def test_the_ring_is_bounded_and_every_frame_is_closed_once(run: Run) -> None:
    body = """
      for (const rtp of [1, 2, 3, 4, 5]) offer('source', rtp);
      const held = matcher.held;
      offer('enhanced', 5);
      offer('enhanced', 4); offer('source', 5);
      offer('source', 6); offer('source', 6);
      matcher.reset();
      return [held, closed, matcher.held];
    """
    held, closed, after = await run("media/frame-matcher", MATCHER + body)
    assert held == 3
    assert closed == ["s1", "s2", "s3", "s4", "e4", "s5", "s6", "s6"]
    assert after == 0


async def test_stamps_wrap_around_and_a_new_time_line_starts_over(run: Run) -> None:
    body = """
      const top = 2 ** 32 - 1000;
      offer('source', top); offer('enhanced', top);
      offer('source', 2000);
      const wrapped = offer('enhanced', 2000) !== null;
      offer('source', 900000000);
      const jumped = offer('enhanced', 900000000) !== null;
      return [m.rtpDistance(2000, top), wrapped, jumped, closed];
    """
    answer = await run("media/frame-matcher", MATCHER + body)
    assert answer == [3000, True, True, []]


async def test_time_stamps_are_a_circle(run: Run) -> None:
    body = """
      const top = 2 ** 32 - 1;
      return [[10, 4], [4, 10], [0, top], [top, 0], [2 ** 31, 0], [7, 7]]
        .map(([a, b]) => m.rtpDistance(a, b));
    """
    found = await run("media/frame-matcher", body)
    assert found == [6, -6, 1, -1, -(2**31), 0]


async def test_any_order_of_frames_closes_each_one_once(run: Run) -> None:
    """Sixty frames a side, shuffled within reach, some missing: none is lost and none twice."""
    body = """
      let seed = 7;
      const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
      const faults = [];
      for (let round = 0; round < 20; round += 1) {
        const seen = new Map();
        const note = (frame) => seen.set(frame, (seen.get(frame) ?? 0) + 1);
        const matcher = new m.FrameMatcher(4, note);
        const given = [];
        const frames = [];
        for (let n = 0; n < 60; n += 1)
          for (const side of ['source', 'enhanced'])
            if (random() > 0.1) frames.push([n + 6 * random(), side, 3000 * n]);
        frames.sort((a, b) => a[0] - b[0]);
        let newest = -1;
        for (const [, side, rtp] of frames) {
          const frame = `${side}${rtp}`;
          given.push(frame);
          const pair = matcher.offer(side, rtp, frame);
          if (pair === null) continue;
          if (pair.rtp <= newest) faults.push('back');
          newest = pair.rtp;
          if (pair.source !== `source${rtp}` || pair.enhanced !== `enhanced${rtp}`)
            faults.push('mixed');
          note(pair.source);
          note(pair.enhanced);
        }
        if (matcher.held > 8) faults.push('held');
        matcher.reset();
        for (const frame of given) if (seen.get(frame) !== 1) faults.push(frame);
        if (matcher.matched === 0) faults.push('none');
      }
      return faults;
    """
    assert await run("media/frame-matcher", body) == []


async def test_a_second_frame_of_one_stamp_replaces_the_first(run: Run) -> None:
    body = """
      matcher.offer('source', 6, 'first');
      matcher.offer('source', 6, 'second');
      const held = [matcher.held, [...closed]];
      const pair = offer('enhanced', 6);
      const late = offer('source', 6);
      return [held, pair.source, late, closed, matcher.dropped];
    """
    assert await run("media/frame-matcher", MATCHER + body) == [
        [1, ["first"]], "second", None, ["first", "s6"], {"source": 2, "enhanced": 0},
    ]  # fmt: skip


@pytest.mark.parametrize(("behind", "pairs"), [(1, False), (899_999, False), (900_000, True)])
async def test_only_a_jump_of_ten_seconds_back_is_a_new_time_line(
    run: Run, behind: int, pairs: bool
) -> None:
    body = """
      const start = 20000000;
      offer('source', start); offer('enhanced', start);
      offer('source', start - given);
      const pair = offer('enhanced', start - given);
      return [pair !== null, matcher.matched, matcher.lastRtp === (pair ? start - given : start)];
    """
    found = await run("media/frame-matcher", MATCHER + body, behind)
    assert found == [pairs, 2 if pairs else 1, True]


async def test_a_new_time_line_closes_what_the_old_one_left(run: Run) -> None:
    body = """
      offer('source', 3000); offer('enhanced', 3000);
      offer('source', 6000); offer('source', 9000);
      offer('enhanced', 2000000000);
      return [closed, matcher.held, matcher.lastRtp, matcher.matched];
    """
    assert await run("media/frame-matcher", MATCHER + body) == [["s6000", "s9000"], 1, None, 1]
