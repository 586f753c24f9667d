from __future__ import annotations

import dataclasses
import itertools

from workers.scheduling.option import ScaleRule
from workers.upscale.methods.table import METHODS, methods_for

from ...scheduling import levels


def test_the_policy_tests_use_the_descriptors_of_the_table() -> None:
    live = {method.name: dataclasses.asdict(method) for method in methods_for(0)}
    assert live == {method.name: dataclasses.asdict(method) for method in levels.METHODS}


def test_names_are_unique_and_qualities_lie_between_a_resize_and_the_full_net() -> None:
    assert len({method.name for method in METHODS}) == len(METHODS)
    assert all(0.0 <= method.quality <= 1.0 for method in METHODS)


def test_every_rendition_has_a_free_method_and_one_that_is_best() -> None:
    methods = methods_for(0)
    assert any(method.is_free and method.quality == 0.0 for method in methods)
    assert [method.quality for method in methods].count(1.0) == 1


def test_a_rendition_of_the_sources_size_has_none_of_the_models_scale() -> None:
    assert all(method.scale is not ScaleRule.MODEL for method in methods_for(1))
    assert all(method.scale is not ScaleRule.SAME for method in methods_for(0))


def test_who_does_a_part_stands_before_the_whole_of_it() -> None:
    order = list(METHODS)
    for one, other in itertools.combinations(order, 2):
        assert other.part_of is not one or one.quality > other.quality
        assert one.quality <= other.quality or one.scale is not other.scale
