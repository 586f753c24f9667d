from __future__ import annotations

import pytest

from app.rtp.pacer import BURST_BYTES, MIN_BPS, RATE_FACTOR, Pacer

PACKET = 1200
BURST = -(-BURST_BYTES // PACKET)


def leave(pacer: Pacer, count: int, *, now: float, size: int = PACKET) -> list[float]:
    """Returns the times at which packets leave that are all there at ``now``."""
    times = []
    for _ in range(count):
        while wait := pacer.take(size, now=now):
            now += wait
        times.append(now)
    return times


@pytest.mark.parametrize("now", [0.0, 1.0, 1e6])
def test_a_burst_leaves_at_once_whenever_it_begins(now: float) -> None:
    times = leave(Pacer(), BURST + 1, now=now)
    assert times[:BURST] == [now] * BURST
    assert times[BURST] > now


def test_a_large_group_takes_less_than_three_tenths_of_a_second() -> None:
    times = leave(Pacer(), 700_000 // PACKET, now=5.0)
    assert 0.15 < times[-1] - times[0] < 0.3


def test_a_socket_with_the_usual_buffer_never_overflows() -> None:
    """It holds 92 packets; its reader takes one in a third of a millisecond."""
    waiting, at, most = 0.0, 5.0, 0.0
    for now in leave(Pacer(), 800, now=5.0):
        waiting = max(0.0, waiting - (now - at) / 0.33e-3) + 1
        at, most = now, max(most, waiting)
    assert most <= 92


def test_no_pause_is_longer_than_a_few_milliseconds_or_shorter_than_a_timer() -> None:
    times = leave(Pacer(), 800, now=5.0)
    pauses = [b - a for a, b in zip(times, times[1:], strict=False) if b > a]
    assert all(0.001 <= pause <= 0.003 for pause in pauses)


@pytest.mark.parametrize("fps", [25, 30, 60])
@pytest.mark.parametrize("mbps", [1, 4, 8, 12])
def test_live_frames_wait_for_nothing(fps: int, mbps: int) -> None:
    pacer = Pacer()
    count = mbps * 1_000_000 // 8 // fps // PACKET
    for frame in range(5 * fps):
        now = 5.0 + frame / fps
        assert leave(pacer, count, now=now)[-1:] in ([], [now])


def test_a_large_live_key_frame_waits_for_a_few_milliseconds() -> None:
    assert leave(Pacer(), 100_000 // PACKET, now=5.0)[-1] - 5.0 <= 0.015


def test_the_pace_follows_the_rate_of_a_large_rendition() -> None:
    pacer = Pacer()
    pacer.set_rate(20e6)
    times = leave(pacer, 1000, now=5.0)
    bps = (1000 - BURST) * PACKET * 8 / (times[-1] - 5.0)
    assert bps == pytest.approx(RATE_FACTOR * 20e6, rel=0.05)
    pacer.set_rate(0.0)
    begin = times[-1]
    bps = 1000 * PACKET * 8 / (leave(pacer, 1000, now=begin)[-1] - begin)
    assert bps == pytest.approx(MIN_BPS, rel=0.05)


def test_no_more_than_a_burst_is_saved_up() -> None:
    pacer = Pacer()
    leave(pacer, 200, now=5.0)
    times = leave(pacer, 200, now=1000.0)
    assert times.count(1000.0) == BURST


def test_what_did_not_wait_delays_the_rest_by_a_burst_at_most() -> None:
    pacer = Pacer()
    for _ in range(500):
        pacer.overdraw(PACKET)
    (at,) = leave(pacer, 1, now=0.0)
    assert 0.02 < at < 0.025


def test_who_wakes_up_late_catches_up_by_no_burst() -> None:
    pacer = Pacer()
    leave(pacer, BURST, now=5.0)
    assert pacer.take(PACKET, now=5.0) > 0.0
    times = leave(pacer, 100, now=5.1)
    assert times.count(5.1) <= 8


def test_a_unit_with_space_is_taken_whole_and_others_in_parts() -> None:
    pacer = Pacer()
    assert pacer.take_unit(BURST_BYTES // 2, now=5.0)
    assert not pacer.take_unit(BURST_BYTES, now=5.0)
    sizes = [PACKET] * 60
    count, wait_s = pacer.take_all(sizes, now=5.0)
    assert count == -(-(BURST_BYTES // 2) // PACKET)
    assert wait_s > 0.0
    # Behind one that waits, nothing passes.
    assert not pacer.take_unit(1, now=5.0)


def test_parts_leave_as_single_packets_would() -> None:
    one, two, now = Pacer(), Pacer(), 5.0
    left, sizes = 0, [PACKET] * 300
    times: list[float] = []
    while left < len(sizes):
        count, wait_s = one.take_all(sizes[left:], now=now)
        times += [now] * count
        left, now = left + count, now + wait_s
    assert times == leave(two, 300, now=5.0)


def test_units_that_follow_each_other_find_what_the_rate_gave_back() -> None:
    pacer = Pacer()
    for step in range(100):
        # 20 kB 30 times a second are 4.8 Mbit/s.
        assert pacer.take_unit(20_000, now=5.0 + step / 30)
    assert not all(pacer.take_unit(60_000, now=9.0 + step / 100) for step in range(5))


def test_a_congested_path_gets_no_burst_and_no_more_than_it_carries() -> None:
    pacer = Pacer()
    pacer.limit(800_000.0)
    times = leave(pacer, 50, now=1.0)
    assert times[10] - times[0] > 0.03
    assert 50 * PACKET * 8 / (times[-1] - times[0]) < 1_000_000
    assert not pacer.take_unit(20_000, now=times[-1] + 10)
    pacer.set_rate(1_350_000.0)
    later = leave(pacer, 50, now=100.0)
    assert 50 * PACKET * 8 / (later[-1] - later[0]) < 1_000_000, "the limit holds"


def test_afterwards_it_is_as_before() -> None:
    pacer = Pacer()
    pacer.limit(800_000.0)
    leave(pacer, 20, now=1.0)
    pacer.limit(None)
    times = leave(pacer, BURST, now=10.0)
    assert times[-1] == times[0]
