"""Team messages as good ones are."""

from __future__ import annotations

from typing import Any

from wire.team import (
    Declined,
    Dismiss,
    Failed,
    Invite,
    Ready,
    Result,
    Task,
    TaskRegion,
    TeamMessage,
)

TEAM: dict[str, Any] = {"stream": "cam1", "rendition": "enhanced", "epoch": 7}

TASK = Task(
    **TEAM, number=4, sequence=99, regions=(TaskRegion(0, 8, 16, 24), TaskRegion(64, 0, 8, 480)),
    quality=60,
)  # fmt: skip
RESULT = Result(
    **TEAM, number=4, sequence=99, coded=(b"\x01\x02", b""), engine_ms=12.5, whole_ms=20.0
)


def one_of_each() -> list[TeamMessage]:
    """Returns a message of every kind."""
    return [
        Invite(**TEAM, source_epoch=12, model="live-m", strength=0.5, quality=60),
        Dismiss(**TEAM),
        Ready(**TEAM, model="live-m", ms_per_megasample=230.5, free=0.75),
        Declined(**TEAM, reason="The net is not installed here."),
        TASK,
        RESULT,
        Failed(**TEAM, number=4, reason="The frame is not here any more."),
    ]
