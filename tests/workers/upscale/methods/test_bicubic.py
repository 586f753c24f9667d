"""Bicubic: always there, free, and no work at the source's size."""

from __future__ import annotations

import cv2
import numpy as np

from workers.scheduling.decision import Decision
from workers.scheduling.option import FREE, ScaleRule
from workers.upscale.methods.bicubic import BICUBIC, BicubicMethod
from workers.upscale.methods.full import FULL
from workers.upscale.methods.restore import RESTORE
from workers.upscale.model_cache import ModelCache

from .contexts import HEIGHT, WIDTH, context_of, frame_of


def test_it_is_the_worst_method_and_costs_nothing(cache: ModelCache) -> None:
    assert BICUBIC.is_free and BICUBIC.quality == 0.0 and BICUBIC.scale is ScaleRule.ANY
    for ready in (False, True):
        option = BicubicMethod(context_of(cache, FULL, ready=ready)).option(frame_of(cache))
        assert option is not None and option.method is BICUBIC
        assert option.cost == FREE and option.latency_s == option.hold_s == 0.0


def test_all_planes_are_resized_to_the_nets_scale(cache: ModelCache) -> None:
    frame = frame_of(cache)
    made = BicubicMethod(context_of(cache, FULL)).run(frame, Decision(BICUBIC))
    size = (2 * WIDTH, 2 * HEIGHT)
    expected = cv2.resize(frame.picture.y, size, interpolation=cv2.INTER_CUBIC)
    assert np.array_equal(made.y, expected)
    assert made.u.shape == (HEIGHT, WIDTH) and int(made.u[0, 0]) == int(frame.picture.u[0, 0])
    assert frame.done == 1.0 and frame.wanted is None


def test_without_a_net_it_doubles(cache: ModelCache) -> None:
    method = BicubicMethod(context_of(cache, FULL, ready=False))
    made = method.run(frame_of(cache), Decision(BICUBIC))
    assert (made.width, made.height) == (2 * WIDTH, 2 * HEIGHT)


def test_at_the_sources_size_the_picture_goes_on_as_it_is(cache: ModelCache) -> None:
    frame = frame_of(cache)
    method = BicubicMethod(context_of(cache, RESTORE))
    assert method.run(frame, Decision(BICUBIC)) is frame.picture
    method.reset()
    assert method.run(frame, Decision(BICUBIC)) is frame.picture
