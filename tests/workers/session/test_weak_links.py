"""A rendition for weak links through a whole worker over a real Redis."""

from __future__ import annotations

import pytest

from wire.connection import Redis
from workers.upscale.model_cache import ModelCache

from ..clips import Clip, units
from ..process.test_worker import decodable, until, work_of
from ..studio import Publisher, Viewer, lead_config, watching, working


@pytest.mark.parametrize(("factor", "size"), [(-2, (64, 48)), (-1, (128, 96))])
async def test_it_is_made_smaller_without_a_net_and_without_taking_capacity(
    client: Redis, nets: ModelCache, factor: int, size: tuple[int, int]
) -> None:
    publisher, viewer = Publisher(client), Viewer(client)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin(factor=factor, kbps=100)
        async with watching(viewer):
            await until(lambda: worker.leads)
            await publisher.play(list(units(Clip(frames=30, width=128, height=96))))
            await viewer.until(28)
            work = work_of(worker)
            assert worker.leads[0].load < 0.5
    assert decodable(viewer.units)[:28] == [size] * 28
    # A busy machine may drop a frame that is late.
    assert set(work.levels) - {"drop"} == {"bicubic"}
    assert work.enhanced == 0
    assert (work.width, work.height) == size
