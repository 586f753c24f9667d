from __future__ import annotations

from benchmarks.decoder_process import measure


def test_both_ways_decode_every_frame_and_are_measured() -> None:
    here, there = measure(160, 96, frames=40, paced=False)
    assert (here.way, there.way) == ("in the worker", "in a child")
    assert here.size == there.size == (160, 96)
    assert 0 < here.ms_p50 <= here.ms_p95 and 0 < there.ms_p50 <= there.ms_p95
    assert here.mib == 0 and there.mib > 10
