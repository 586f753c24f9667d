"""Delays and losses from the heads of packets alone."""

from __future__ import annotations

import random

import pytest

from benchmarks.edge import clip
from benchmarks.edge.delays import (
    Sample,
    delays_ms,
    expected_packets,
    find_offset,
    percentile,
)

SENT = {clip.video_ticks(number): 1_000_000 * number for number in range(300)}


def video(viewer: int, offset: int, delay_ms: float, first: int = 100) -> list[Sample]:
    """Thirty frames of one packet as one viewer gets them, some of them let through twice."""
    return [
        Sample(
            viewer, 7, number, (clip.video_ticks(number) + offset) & 0xFFFFFFFF,
            1_000_000 * number + int(delay_ms * 1e6),
        )
        for number in sorted([*range(first, first + 30), first + 3])
    ]  # fmt: skip


@pytest.mark.parametrize("offset", [0, 12_345, 0xFFFF_FF00])
def test_the_place_of_a_row_of_times_is_found(offset: int) -> None:
    stamps = [sample.timestamp for sample in video(0, offset, 0.0)]
    assert find_offset(stamps, SENT, None) == offset
    assert find_offset(stamps, SENT, offset) == offset
    assert find_offset(stamps, SENT, offset + 3000) == offset


def test_sound_and_short_rows_fit_nowhere() -> None:
    assert find_offset(range(0, 96_000, clip.AUDIO_TICKS), SENT, 0) is None
    assert find_offset([clip.video_ticks(n) for n in range(4)], SENT, 0) is None
    assert find_offset([], SENT, None) is None


def test_each_packet_is_compared_with_its_frame() -> None:
    sound = [Sample(0, 9, n, 960 * n, 0) for n in range(60)]
    samples = [*video(0, 500, 2.0), *sound, *video(1, 500, 5.0), *video(2, 77, 1.0)]
    random.Random(1).shuffle(sound)
    found = delays_ms(samples, SENT)
    assert len(found) == 93
    assert found == sorted(found)
    assert {round(delay, 6) for delay in found} == {1.0, 2.0, 5.0}


def test_what_came_before_its_frame_was_complete_has_a_negative_delay() -> None:
    assert max(delays_ms(video(0, 0, -3.0), SENT)) == pytest.approx(-3.0)


def test_packets_that_were_sent_are_told_by_their_numbers() -> None:
    # 101 numbers in one second, of which only some were let through, and the numbers wrap.
    samples = [Sample(0, 7, (65_500 + n) & 0xFFFF, 0, n * 10_000_000) for n in range(0, 101, 20)]
    assert expected_packets(samples, 2.0) == pytest.approx(200.0)
    both = [*samples, *(Sample(1, 7, s.sequence, 0, s.at_ns) for s in samples)]
    assert expected_packets(both, 2.0) == pytest.approx(400.0)
    assert expected_packets(samples[:1], 2.0) == 0.0


def test_percentiles_of_ordered_values() -> None:
    values = [float(n) for n in range(100)]
    assert (percentile(values, 0.5), percentile(values, 0.99)) == (50.0, 99.0)
    assert (percentile(values, 1.0), percentile([], 0.5)) == (99.0, 0.0)
