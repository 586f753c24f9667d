"""One suite over every method of the table, with nets of known speed."""

from __future__ import annotations

import pytest

from workers.media.picture import Picture
from workers.scheduling.decision import Decision
from workers.scheduling.option import MethodInfo
from workers.upscale.methods.table import METHODS
from workers.upscale.model_cache import ModelCache

from .contexts import EXPECTED_S, HEIGHT, WIDTH, context_of, frame_of

WHOLE = [info for info in METHODS if info.part_of is None]
EVERY = pytest.mark.parametrize("info", METHODS, ids=lambda info: info.name)


@EVERY
def test_without_a_net_only_what_is_free_can_be_had(cache: ModelCache, info: MethodInfo) -> None:
    method = METHODS[info](context_of(cache, info, ready=False))
    assert method.info is info
    assert (method.option(frame_of(cache)) is not None) is info.is_free


@pytest.mark.parametrize("info", WHOLE, ids=lambda info: info.name)
def test_an_option_has_the_expected_cost_and_its_run_gives_the_renditions_size(
    cache: ModelCache, info: MethodInfo
) -> None:
    context = context_of(cache, info)
    method, frame = METHODS[info](context), frame_of(cache)
    option = method.option(frame)
    assert option is not None and option.method is info and option.plan is None
    assert option.latency_s == pytest.approx(0.0 if info.is_free else EXPECTED_S)
    source = frame.picture.copy()
    made = method.run(frame, Decision(info))
    assert isinstance(made, Picture)
    scale = context.models.scale
    assert (made.width, made.height) == (scale * WIDTH, scale * HEIGHT)
    assert (frame.picture.y == source.y).all() and frame.done == 1.0


@EVERY
def test_a_reset_is_harmless_at_any_time(cache: ModelCache, info: MethodInfo) -> None:
    for ready in (False, True):
        method = METHODS[info](context_of(cache, info, ready=ready))
        method.reset()
        method.reset()
