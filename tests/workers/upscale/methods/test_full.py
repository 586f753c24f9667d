"""Full: the wanted net, on its own or on a picture that was planned for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from workers.engines.registry import make_engine
from workers.scheduling.decision import Decision
from workers.upscale.methods.full import FULL, FullMethod
from workers.upscale.model_cache import ModelCache

from ...clips import picture
from .contexts import HEIGHT, WIDTH, context_of, frame_of


def test_it_runs_the_wanted_net_on_the_whole_picture(cache: ModelCache) -> None:
    frame = frame_of(cache)
    made = FullMethod(context_of(cache, FULL)).run(frame, Decision(FULL))
    assert np.array_equal(made.y, frame.picture.y.repeat(2, 0).repeat(2, 1))
    assert frame.done == 1.0


def test_another_net_is_offered_once_it_was_selected(cache: ModelCache) -> None:
    context = context_of(cache, FULL)
    method = FullMethod(context)
    context.models.model = "small"
    frame = frame_of(cache)
    assert np.array_equal(
        method.run(frame, Decision(FULL)).y, frame.picture.y.repeat(2, 0).repeat(2, 1)
    )
    context.models.select(picture(0, WIDTH, HEIGHT))
    assert method.option(frame) is not None
    made = method.run(frame, Decision(FULL))
    assert np.array_equal(made.y, 255 - frame.picture.y.repeat(2, 0).repeat(2, 1))


@pytest.fixture
def graphs(zoo: Path) -> Iterator[ModelCache]:
    nets = ModelCache(make_engine("openvino", threads=1), zoo=zoo)
    yield nets
    nets.close()


def test_the_strength_of_the_frame_reaches_the_net(graphs: ModelCache) -> None:
    graphs.load("looks", WIDTH, HEIGHT)
    context = context_of(graphs, FULL, ready=False)
    context.models.model = "looks"
    context.models.select(picture(0, WIDTH, HEIGHT))
    method = FullMethod(context)
    for strength in (0.0, 0.1):
        frame = frame_of(graphs, strength)
        frame.picture.y[:] = 60
        assert set(method.run(frame, Decision(FULL)).y.flat) == {60 + round(100 * strength)}


def test_after_a_gap_a_net_with_a_previous_picture_begins_anew(graphs: ModelCache) -> None:
    graphs.load("follows", WIDTH, HEIGHT)
    context = context_of(graphs, FULL, ready=False)
    context.models.model = "follows"
    context.models.select(picture(0, WIDTH, HEIGHT))
    method, frame = FullMethod(context), frame_of(graphs)
    frame.picture.y[:] = 60
    # The net adds half of the previous picture: a bicubic one at first.
    assert int(method.run(frame, Decision(FULL)).y[9, 9]) == 90
    assert int(method.run(frame, Decision(FULL)).y[9, 9]) == 105
    method.reset()
    assert int(method.run(frame, Decision(FULL)).y[9, 9]) == 90


def test_a_frame_that_was_planned_for_needs_a_plan_that_was_begun(cache: ModelCache) -> None:
    frame = frame_of(cache)
    frame.wanted = 0.5
    with pytest.raises(RuntimeError, match="nothing was begun"):
        FullMethod(context_of(cache, FULL)).run(frame, Decision(FULL))
