"""Arithmetic over statistics, frames and waits (``media/``, ``net/state-machine.js``)."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.static.fakes import FakeServer
from tests.static.test_modules import run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_nothing_over_no_time_is_no_rate(page: Page, server: FakeServer) -> None:
    body = """
      return [[1000, 1000], [1000, 0], [-1, 10], [0, 10]].map(([count, ms]) =>
        [m.kbpsOver(count, ms), m.perSecond(count, ms)]);
    """
    found = await run(page, server, "media/stats", body)
    assert found == [[8, 1000], [None, None], [None, None], [0, 0]]


async def test_the_round_trip_is_that_of_the_pair_in_use(page: Page, server: FakeServer) -> None:
    body = """
      const pair = (nominated, time) =>
        ({type: 'candidate-pair', nominated, currentRoundTripTime: time});
      return [[], [pair(false, 0.5)], [pair(true, 0.02), pair(false, 0.5)],
        [pair(false, 0.5), pair(true, 0.02)], [pair(true)], [{type: 'codec'}]].map(m.roundTripMs);
    """
    assert await run(page, server, "media/stats", body) == [None, 500, 20, 20, None, None]


async def test_a_new_connection_begins_anew(page: Page, server: FakeServer) -> None:
    body = """
      const report = (at, bytes) => [{type: 'outbound-rtp', kind: 'video', timestamp: at,
        bytesSent: bytes, framesSent: bytes / 100, qualityLimitationReason: 'cpu'}];
      const meter = new m.StatsMeter('outbound-rtp');
      meter.read(report(0, 0));
      const second = meter.read(report(1000, 1000));
      meter.reset();
      const third = meter.read(report(2000, 10));
      return [second.kbps, second.fps, second.limitation, third.kbps, third.bytes];
    """
    assert await run(page, server, "media/stats", body) == [8, 10, "cpu", None, 10]


async def test_time_stamps_are_a_circle(page: Page, server: FakeServer) -> None:
    body = """
      const top = 2 ** 32 - 1;
      return [[10, 4], [4, 10], [0, top], [top, 0], [2 ** 31, 0], [7, 7]]
        .map(([a, b]) => m.rtpDistance(a, b));
    """
    found = await run(page, server, "media/frame-matcher", body)
    assert found == [6, -6, 1, -1, -(2**31), 0]


async def test_any_order_of_frames_closes_each_one_once(page: Page, server: FakeServer) -> None:
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
    assert await run(page, server, "media/frame-matcher", body) == []


async def test_why_there_is_no_picture(page: Page, server: FakeServer) -> None:
    body = """
      const peer = {}, arrivals = new m.Arrivals();
      const found = [];
      const note = (who, stats, now) => {
        arrivals.note(who, stats, now);
        found.push([arrivals.kind(false), arrivals.kind(true), arrivals.silentMs]);
      };
      note(null, null, 0);
      note(peer, null, 100);
      note(peer, {bytes: 0, frames: 0}, 1100);
      note(peer, {bytes: 900, frames: 0}, 2000);
      note(peer, {bytes: 900, frames: 5}, 2500);
      note({}, {bytes: 900, frames: 5}, 3000);
      note(null, null, 9000);
      return found;
    """
    assert await run(page, server, "media/arrivals", body) == [
        ["unknown", "unknown", 0],
        ["none", "none", 0],
        ["none", "none", 1000],
        ["unshown", "unshown", 0],
        ["unknown", "blocked", 500],
        ["unknown", "blocked", 0],
        ["unknown", "unknown", 0],
    ]


async def test_every_change_of_state_is_told_with_where_it_came_from(
    page: Page, server: FakeServer
) -> None:
    body = """
      const told = [];
      const machine = new m.StateMachine({ a: { go: 'b', stay: 'a' }, b: { back: 'a' } }, 'a',
        (...words) => told.push(words));
      const accepted = ['go', 'back'].map((event) => machine.accepts(event));
      machine.on('stay'); machine.on('go');
      let after = '';
      try { machine.on('go'); } catch { after = machine.state; }
      return [accepted, told, after, machine.on('back')];
    """
    accepted, told, after, last = await run(page, server, "net/state-machine", body)
    assert accepted == [True, False]
    assert told[:2] == [["a", "stay", "a"], ["b", "go", "a"]]
    assert (after, last) == ("b", "a")


async def test_waits_begin_anew_after_a_success_and_are_spread(
    page: Page, server: FakeServer
) -> None:
    body = """
      const backoff = new m.Backoff(100, 1000);
      const anew = (chance) => { backoff.reset(); return backoff.next(1e9, chance); };
      const first = [0, 0.5, 1].map(anew);
      for (let n = 0; n < 50; n += 1) backoff.next();
      return [first, backoff.next(1e9, 1), backoff.next(1e9, 0)];
    """
    first, longest, least = await run(page, server, "net/state-machine", body)
    assert first == [50, 75, 100]
    assert (longest, least) == (1000, 500)
