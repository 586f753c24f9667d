"""A rendition of the source's size through a whole worker over a real Redis."""

from __future__ import annotations

from wire.connection import Redis
from workers.upscale.model_cache import ModelCache

from ..clips import Clip, units
from ..process.test_worker import decodable, until, work_of
from ..studio import Publisher, Viewer, lead_config, watching, working


async def test_a_rendition_of_factor_one_is_restored_and_another_factor_is_taken_anew(
    client: Redis, nets: ModelCache
) -> None:
    nets.load("tiny", 64, 48)
    publisher, viewer = Publisher(client), Viewer(client)
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin(factor=1)
        async with watching(viewer):
            await until(lambda: worker.leads)
            await publisher.play(list(units(Clip(frames=30))))
            await viewer.until(28)
            work = work_of(worker)
            first = worker.leads[0]
            await publisher.set(factor=0)
            await until(lambda: first not in worker.leads)
    assert decodable(viewer.units)[:28] == [(64, 48)] * 28
    assert set(work.levels) <= {"restore", "bicubic"} and work.levels["restore"]["best"] > 20
    assert work.enhanced == sum(work.levels["restore"].values())
    assert (work.width, work.height) == (64, 48)
