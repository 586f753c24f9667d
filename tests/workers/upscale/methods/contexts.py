"""What the methods of a stream have in common, with nets of known speed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.scheduling.cost_model import CostModel
from workers.scheduling.option import MethodInfo, ScaleRule
from workers.upscale.frame_timer import FrameTimer
from workers.upscale.method import MethodContext, UpscaleFrame
from workers.upscale.model_cache import ModelCache
from workers.upscale.stream_models import StreamModels

from ...clips import picture
from ...fakes import PacedEngine

WIDTH, HEIGHT = 64, 48
EXPECTED_S = 0.007


@pytest.fixture
def cache(zoo: Path) -> Iterator[ModelCache]:
    cache = ModelCache(PacedEngine(0.0), zoo=zoo)
    for model in ("large", "small"):
        cache.load(model, WIDTH, HEIGHT)
    yield cache
    cache.close()


def context_of(cache: ModelCache, info: MethodInfo, *, ready: bool = True) -> MethodContext:
    factor = 1 if info.scale is ScaleRule.SAME else 0
    models = StreamModels(
        cache, model="large", factor=factor, expected=lambda *_: 1000 * EXPECTED_S
    )
    if ready:
        models.select(picture(0, WIDTH, HEIGHT))
    return MethodContext(models, CostModel())


def frame_of(cache: ModelCache, strength: float = 0.0) -> UpscaleFrame:
    return UpscaleFrame(picture(0, WIDTH, HEIGHT), None, strength, FrameTimer(cache.engine_lock))
