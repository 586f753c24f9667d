"""Throughput is counted over all streams, and a device's failure ends the measurement."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.gpu_check.timing import measure
from workers.engines.engine import Array, Feeds, NetInfo, Port, Session
from workers.errors import DeviceFailed


class SmallNet:
    """A net that copies, and fails from a certain call on."""

    def __init__(self, *, batch: int = 1, fails_at: int = -1) -> None:
        planes = () if batch == 1 else (batch,)
        self._info = NetInfo(
            model="copy", precision="fp32", device="none", width=8, height=6, batch=batch, scale=2,
            window=1, size_multiple=1, smallest=1,
            inputs=(Port("luma", "uint8", (*planes, 6, 8)),),
            output=Port("enhanced", "uint8", (*planes, 12, 16)),
        )  # fmt: skip
        self.calls = 0
        self.fails_at = fails_at

    @property
    def info(self) -> NetInfo:
        return self._info

    def session(self) -> Session:
        return self

    def warm_up(self) -> None:
        return

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        self.calls += 1
        if self.calls == self.fails_at:
            raise DeviceFailed("it is gone.")
        np.copyto(enhanced, feeds["luma"].repeat(2, -1).repeat(2, -2))

    def reset(self) -> None:
        return


def test_frames_of_all_streams_count() -> None:
    net = SmallNet(batch=4)
    found = measure(net, 2, seconds=0.05)
    assert (found.streams, found.batch) == (2, 4)
    assert found.frames_per_s * found.ms_call == pytest.approx(4 * 2 * 1000)
    assert net.calls >= 4


def test_every_stream_makes_a_call_however_short_the_time() -> None:
    net = SmallNet()
    measure(net, 3, seconds=0.0)
    assert net.calls == 6


def test_a_failed_device_is_not_measured() -> None:
    with pytest.raises(DeviceFailed, match="gone"):
        measure(SmallNet(fails_at=5), 2, seconds=5.0)
