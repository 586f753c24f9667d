from __future__ import annotations

import os

import pytest

from media.codec import Codec
from workers.encode.encoder import EncoderSpec
from workers.encode.libav import encoder_threads
from workers.media.picture import Colour
from workers.runtime.cores import usable_cores

LARGE = EncoderSpec(
    codec=Codec.H264, width=1920, height=1080, kbps=8000, preset="ultrafast", colour=Colour()
)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be chosen here")
def test_only_cores_that_one_may_use_count() -> None:
    before = os.sched_getaffinity(0)
    assert usable_cores() == len(before)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert usable_cores() == 1
        assert encoder_threads(LARGE) == 1
    finally:
        os.sched_setaffinity(0, before)
