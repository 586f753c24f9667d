"""Small: the smaller net in the place of the wanted one."""

from __future__ import annotations

import numpy as np

from workers.scheduling.decision import Decision, Usage
from workers.upscale.methods.full import FULL
from workers.upscale.methods.restore import RESTORE
from workers.upscale.methods.small import SMALL, SmallMethod
from workers.upscale.model_cache import ModelCache

from ...clips import picture
from .contexts import EXPECTED_S, HEIGHT, WIDTH, context_of, frame_of


def test_it_runs_the_smaller_net_and_not_the_wanted_one(cache: ModelCache) -> None:
    context, frame = context_of(cache, FULL), frame_of(cache)
    assert context.models.small.net is not None
    assert context.models.small.net.manifest.name == "small"
    made = SmallMethod(context).run(frame, Decision(SMALL))
    # The zoo's smaller net makes the negative.
    assert np.array_equal(made.y, 255 - frame.picture.y.repeat(2, 0).repeat(2, 1))


def test_without_a_smaller_net_there_is_no_option(cache: ModelCache) -> None:
    context = context_of(cache, FULL, ready=False)
    context.models.model = "small"
    context.models.select(picture(0, WIDTH, HEIGHT))
    assert context.models.full.net is not None and context.models.small.net is None
    assert SmallMethod(context).option(frame_of(cache)) is None
    # At the source's size nothing asks for one.
    assert SmallMethod(context_of(cache, RESTORE)).option(frame_of(cache)) is None


def test_its_cost_is_what_was_expected_until_it_was_measured(cache: ModelCache) -> None:
    context = context_of(cache, FULL)
    method = SmallMethod(context)
    option = method.option(frame_of(cache))
    assert option is not None and option.hold_s == EXPECTED_S
    for _ in range(20):
        context.costs.add(SMALL, Usage(passed_s=0.002, engine_s=0.002, hold_s=0.002, cpu_s=0.0))
    measured = method.option(frame_of(cache))
    assert measured is not None and measured.hold_s < 0.7 * EXPECTED_S


def test_it_is_worth_less_than_the_full_net() -> None:
    assert 0.0 < SMALL.quality < FULL.quality and SMALL.part_of is None and not SMALL.is_free
