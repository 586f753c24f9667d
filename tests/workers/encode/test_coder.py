from __future__ import annotations

import threading

import pytest

from media.codec import Codec
from workers.encode.coder import MAX_WAITING_FRAMES, Coder
from workers.media.route import Route

from .test_step import Bench, tasks


def _fail(error: Exception) -> None:
    pytest.fail(str(error))


@pytest.mark.parametrize("counts", [True, False])
def test_an_encoder_that_only_some_need_holds_up_nobody(counts: bool) -> None:
    bench = Bench(Codec.VP8, ("enhanced-vp8",))
    bench.want("enhanced-vp8")
    bench.step.counts = counts
    coder = Coder("test", bench.step, lambda made: True, fail=_fail)
    # Its thread does not run: whoever waits for it would wait for ever.
    frames = tasks(Route.WORK, MAX_WAITING_FRAMES + 3)
    assert all(coder.offer(task) for task in frames[:MAX_WAITING_FRAMES])
    waiting = threading.Thread(
        target=lambda: [coder.offer(task) for task in frames[MAX_WAITING_FRAMES:]]
    )
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive() is counts
    coder.close()
    waiting.join(5)
    assert not waiting.is_alive()
    assert bench.step.left_out == (0 if counts else 3)
