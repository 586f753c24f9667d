from __future__ import annotations

import pytest

from workers.scheduling.job_load import fits, may_claim, stream_load


def test_load_counts_pixels_per_second() -> None:
    assert stream_load(480, 270, 30) == 1.0
    assert stream_load(640, 360, 60) == pytest.approx(3.56, abs=0.01)
    assert stream_load(0, 0, 0.0) == 1.0


def unit_fits(capacity: float, load: float, streams: int) -> bool:
    return fits(capacity=capacity, load=load, streams=streams, width=480, height=270, fps=30.0)


def test_a_worker_takes_a_first_stream_always_and_others_while_they_fit() -> None:
    assert may_claim(capacity=0.4, load=0.0, streams=0)
    assert unit_fits(0.4, 0.0, 0)
    assert not unit_fits(1.5, 1.0, 1)
    assert unit_fits(2.0, 1.0, 1)
    assert not unit_fits(2.0, 1.1, 1)


def test_small_streams_fit_beside_each_other_in_less_than_a_unit() -> None:
    assert may_claim(capacity=0.9, load=0.5, streams=3)
    assert fits(capacity=0.9, load=0.5, streams=3, width=160, height=90, fps=15.0)
    assert not may_claim(capacity=0.9, load=0.88, streams=3)


def test_an_unknown_frame_rate_counts_as_thirty() -> None:
    assert not fits(capacity=1.5, load=1.0, streams=1, width=480, height=270, fps=0.0)


def test_what_a_worker_could_never_enhance_is_taken_as_a_copy() -> None:
    assert fits(capacity=1.5, load=1.0, streams=1, width=1920, height=1080, fps=60.0)
    assert not fits(capacity=1.01, load=1.0, streams=1, width=1920, height=1080, fps=60.0)
