from __future__ import annotations

import pytest

from workers.scheduling.job_load import coding_load
from workers.session.rendition_demand import CodingTime


def test_what_encoders_for_some_take_is_load() -> None:
    time_taken = CodingTime()
    time_taken.tell(1.0, now=10.0)
    assert time_taken.ms_per_s == 0.0
    time_taken.tell(1.06, now=10.5)
    assert time_taken.ms_per_s == pytest.approx(120.0)
    # Two cores that hold eight streams: 120 ms of one core are half a stream.
    assert coding_load(120.0, 2, held=8.0) == pytest.approx(0.53, abs=0.01)
    assert coding_load(0.0, 2, held=8.0) == 0.0
