"""A frame on its way through the methods, and the shape that all methods have."""

from __future__ import annotations

import inspect

import pytest

from workers.engines.engine_lock import EngineLock
from workers.scheduling.option import MethodInfo
from workers.upscale.frame_timer import FrameTimer
from workers.upscale.method import UpscaleFrame, UpscaleMethod
from workers.upscale.methods.table import METHODS

from ..clips import picture


def test_a_frame_begins_unplanned_and_counts_as_done_in_full() -> None:
    frame = UpscaleFrame(picture(0, 16, 16), None, 0.3, FrameTimer(EngineLock()))
    assert frame.wanted is None and frame.done == 1.0
    assert frame.info is None and frame.strength == 0.3


@pytest.mark.parametrize("info", METHODS, ids=lambda info: info.name)
def test_every_method_of_the_table_has_the_calls_of_the_protocol(info: MethodInfo) -> None:
    made: type = METHODS[info]  # type: ignore[assignment]
    for name in ("option", "run", "reset"):
        wanted = inspect.signature(getattr(UpscaleMethod, name))
        assert inspect.signature(getattr(made, name)).parameters == wanted.parameters
    assert made.info is info  # type: ignore[attr-defined]


@pytest.mark.parametrize("info", METHODS, ids=lambda info: info.name)
def test_every_method_is_made_of_what_streams_share(info: MethodInfo) -> None:
    parameters = inspect.signature(METHODS[info]).parameters
    assert list(parameters) == ["context"]
