"""Team messages of one rendition."""

from __future__ import annotations

from wire.team import Dismiss, Failed, Invite, Ready, Result, Task, TaskRegion

INVITE = Invite(
    stream="cam",
    rendition="enhanced",
    epoch=5,
    source_epoch=3,
    model="live-s",
    strength=0.5,
    quality=80,
)
DISMISS = Dismiss(stream="cam", rendition="enhanced", epoch=5)
READY = Ready(
    stream="cam", rendition="enhanced", epoch=5, model="live-s", ms_per_megasample=9.0, free=0.5
)
TASK = Task(
    stream="cam",
    rendition="enhanced",
    epoch=5,
    number=1,
    sequence=2,
    regions=(TaskRegion(0, 0, 16, 16),),
    quality=80,
)
RESULT = Result(
    stream="cam",
    rendition="enhanced",
    epoch=5,
    number=1,
    sequence=2,
    coded=(b"coded",),
    engine_ms=1.0,
    whole_ms=2.0,
)
FAILED = Failed(stream="cam", rendition="enhanced", epoch=5, number=1, reason="no")
