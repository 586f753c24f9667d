"""Real-time scheduling does not stay."""

from __future__ import annotations

import os

import numpy as np
import pytest

from models.training.codec import AV1, LiveEncoder, transcode
from models.training.scheduling import ordinary_scheduling
from tests.models.training.material import panned


def test_an_encoder_that_asks_for_real_time_leaves_the_thread_as_it_was() -> None:
    clip = panned(2)
    before = os.sched_getscheduler(0)
    chroma = np.full((2, 2, clip.luma.shape[1] // 2, clip.luma.shape[2] // 2), 128, np.uint8)
    transcode(clip.luma, chroma, 30, LiveEncoder(AV1, 0.2))
    assert os.sched_getscheduler(0) == before == os.SCHED_OTHER


def test_what_is_raised_goes_on_and_the_scheduling_comes_back() -> None:
    with pytest.raises(ValueError, match="inside"), ordinary_scheduling():
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        raise ValueError("inside")
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
