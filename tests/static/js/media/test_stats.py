"""Rates out of two reports of statistics (``media/stats.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_rates_come_from_two_reports(run: Run) -> None:
    body = """
      const report = (at, bytes, frames, delay, emitted) => [
        { id: 'a', type: 'inbound-rtp', kind: 'audio', timestamp: at, bytesReceived: 1 },
        { id: 'c', mimeType: 'video/H264' },
        { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 },
        { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.012 },
        { type: 'inbound-rtp', kind: 'video', codecId: 'c', timestamp: at, bytesReceived: bytes,
          framesDecoded: frames, jitterBufferDelay: delay, jitterBufferEmittedCount: emitted,
          frameWidth: 960, frameHeight: 540, packetsLost: 2 },
      ];
      const meter = new m.StatsMeter('inbound-rtp');
      const first = meter.read(report(1000, 5000, 10, 1, 10));
      return [first, meter.read(report(2000, 105000, 40, 1.6, 40)), meter.read([])];
    """
    first, second, none = await run("media/stats", body)
    assert (first["fps"], first["kbps"], first["delayMs"]) == (None, None, None)
    assert (second["fps"], second["kbps"], second["rttMs"]) == (30, 800, 12)
    assert second["delayMs"] == pytest.approx(20)
    assert (second["codec"], second["width"], second["lost"]) == ("H264", 960, 2)
    assert none is None


async def test_nothing_over_no_time_is_no_rate(run: Run) -> None:
    body = """
      return [[1000, 1000], [1000, 0], [-1, 10], [0, 10]].map(([count, ms]) =>
        [m.kbpsOver(count, ms), m.perSecond(count, ms)]);
    """
    found = await run("media/stats", body)
    assert found == [[8, 1000], [None, None], [None, None], [0, 0]]


async def test_the_round_trip_is_that_of_the_pair_in_use(run: Run) -> None:
    body = """
      const pair = (nominated, time) =>
        ({type: 'candidate-pair', nominated, currentRoundTripTime: time});
      return [[], [pair(false, 0.5)], [pair(true, 0.02), pair(false, 0.5)],
        [pair(false, 0.5), pair(true, 0.02)], [pair(true)], [{type: 'codec'}]].map(m.roundTripMs);
    """
    assert await run("media/stats", body) == [None, 500, 20, 20, None, None]


async def test_a_new_connection_begins_anew(run: Run) -> None:
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
    assert await run("media/stats", body) == [8, 10, "cpu", None, 10]


async def test_the_delay_is_the_mean_of_the_frames_in_between(run: Run) -> None:
    body = """
      const report = (at, delay, emitted) => [{type: 'inbound-rtp', kind: 'video', timestamp: at,
        jitterBufferDelay: delay, jitterBufferEmittedCount: emitted}];
      const meter = new m.StatsMeter('inbound-rtp');
      const delays = [[0, 0, 0], [1000, 0.9, 30], [2000, 0.9, 30], [3000, 1.2, 60]]
        .map((given) => meter.read(report(...given)).delayMs);
      return delays;
    """
    found = await run("media/stats", body)
    # No frame, thirty of 30 ms, none, thirty of 10 ms.
    assert found[0] is None and found[2] is None
    assert [found[1], found[3]] == pytest.approx([30, 10])


@pytest.mark.parametrize(
    ("report", "found"),
    [
        ([], None),
        ([{"type": "inbound-rtp", "kind": "audio", "timestamp": 0}], None),
        ([{"type": "outbound-rtp", "kind": "video", "timestamp": 0}], None),
    ],
)
async def test_without_video_of_our_direction_there_are_no_figures(
    run: Run, report: list[object], found: object
) -> None:
    body = "return new m.StatsMeter('inbound-rtp').read(given);"
    assert await run("media/stats", body, report) is found


async def test_what_a_browser_does_not_tell_is_unknown_and_not_wrong(run: Run) -> None:
    body = """
      const read = (type) => new m.StatsMeter(type).read([{type, kind: 'video', timestamp: 5}]);
      return [read('inbound-rtp'), read('outbound-rtp')];
    """
    inbound, outbound = await run("media/stats", body)
    assert inbound == outbound == {
        "fps": None, "kbps": None, "rttMs": None, "delayMs": None, "availableKbps": None,
        "targetKbps": None,
        "width": 0, "height": 0, "codec": "", "limitation": "none", "lost": 0, "bytes": 0,
        "frames": 0, "droppedFrames": 0,
    }  # fmt: skip


async def test_counters_that_fell_give_no_rate(run: Run) -> None:
    body = """
      const report = (at, bytes) => [{type: 'outbound-rtp', kind: 'video', timestamp: at,
        bytesSent: bytes, framesSent: bytes}];
      const meter = new m.StatsMeter('outbound-rtp');
      meter.read(report(0, 5000));
      const fell = meter.read(report(1000, 10));
      const next = meter.read(report(2000, 1010));
      return [fell.kbps, fell.fps, next.kbps, next.fps];
    """
    assert await run("media/stats", body) == [None, None, 8, 1000]


async def test_what_the_line_takes_is_told_by_the_pair_in_use(run: Run) -> None:
    body = """
      const pair = (nominated, bits) =>
        ({type: 'candidate-pair', nominated, availableOutgoingBitrate: bits});
      return [[], [pair(true)], [pair(true, 0)], [pair(false, 5000)], [pair(true, 800500)],
        [pair(false, 5000), pair(true, 300000)], [{type: 'codec'}]].map(m.availableKbps);
    """
    found = await run("media/stats", body)
    assert found == [None, None, None, 5, 800.5, 300, None]
