from __future__ import annotations

import pytest

from workers.plan.claims import may_claim, stream_load


def test_load_counts_pixels_per_second() -> None:
    assert stream_load(480, 270, 30) == 1.0
    assert stream_load(640, 360, 60) == pytest.approx(3.56, abs=0.01)
    assert stream_load(0, 0, 0.0) == 1.0


def test_a_worker_takes_a_first_stream_always_and_others_while_they_fit() -> None:
    assert may_claim(capacity=0.4, load=0.0, streams=0)
    assert not may_claim(capacity=1.5, load=1.0, streams=1)
    assert may_claim(capacity=2.0, load=1.0, streams=1)
    assert not may_claim(capacity=2.0, load=1.1, streams=1)
