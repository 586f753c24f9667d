from __future__ import annotations

import msgspec

from tests.contract.test_heartbeat import beat
from wire.connection import Redis
from wire.site import RedisSite
from workers.process.team_part import TeamPart
from workers.team.helper import OwnWork
from workers.team.task_queue import TaskRefusal
from workers.team.task_runner import FinishedTask
from workers.upscale.model_cache import ModelCache

from ..team.test_task_queue import task

OWN = OwnWork(load=lambda: 0.0, memory=lambda: 1 << 40)


async def test_a_heartbeat_tells_what_was_counted(client: Redis, nets: ModelCache) -> None:
    part = TeamPart("w1", RedisSite(client, "w1"), nets, OWN)
    unused = msgspec.structs.replace(beat("w1"), **part.fields())
    assert unused == beat("w1")
    part.helper.figures.count(FinishedTask(task(1, 1.0), (b"x",), engine_s=0.0125))
    part.helper.figures.count(FinishedTask(task(2, 1.0), refusal=TaskRefusal.GONE))
    part.helper.declined, part.helper.unsent, part.inbox.unclaimed = 2, 3, 4
    told = msgspec.structs.replace(beat("w1"), **part.fields())
    assert told.helped == {"made": 1, "gone": 1} and told.helper_engine_ms == 12.5
    assert (told.declined, told.team_unsent, told.team_unclaimed) == (2, 3, 4)
    assert told.helping == []
