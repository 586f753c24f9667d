from __future__ import annotations

import dataclasses

import pytest

from workers.scheduling.option import (
    CPU,
    ENGINE,
    FREE,
    MAX_FRACTION,
    MethodInfo,
    Option,
    PricedOption,
    ScaleRule,
)
from workers.upscale.methods.table import METHODS

from .levels import BICUBIC, FULL, SMALL, TEMPORAL


def test_methods_are_told_apart_by_identity_and_are_keys() -> None:
    twin = MethodInfo("full", 1.0, ScaleRule.MODEL)
    assert twin != FULL and len({twin, FULL}) == 2
    assert {FULL: 1}[FULL] == 1


def test_methods_and_options_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FULL.quality = 0.5  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        Option(FULL).latency_s = 1.0  # type: ignore[misc]


def test_an_option_without_a_word_costs_nothing_and_wants_all() -> None:
    option = Option(FULL)
    assert (option.cost, option.fraction_cost) == (FREE, FREE)
    assert (option.latency_s, option.hold_s, option.wanted) == (0.0, 0.0, 1.0)
    assert option.energy is None and option.plan is None


def test_options_do_not_share_their_costs() -> None:
    one, two = Option(FULL), Option(FULL)
    one.cost[ENGINE] = 1.0  # type: ignore[index]
    assert two.cost == {}
    assert FREE == {}


def test_a_priced_option_needs_no_fraction() -> None:
    priced = PricedOption(SMALL, 5.0, 0.01)
    assert (priced.fixed_ms, priced.hold_s, priced.fraction_hold_s) == (0.0, 0.0, 0.0)


def test_resources_have_names_of_their_own() -> None:
    assert CPU != ENGINE and ENGINE.startswith("engine:")


def test_the_tests_methods_are_like_those_of_the_table() -> None:
    real = {info.name: info for info in METHODS}
    for own in (BICUBIC, SMALL, FULL, TEMPORAL):
        info = real[own.name]
        assert (own.quality, own.is_free, own.scale) == (info.quality, info.is_free, info.scale)
        part = info.part_of.name if info.part_of is not None else None
        assert (own.part_of.name if own.part_of is not None else None) == part


def test_of_all_methods_some_are_free_and_parts_are_worth_less_than_the_whole() -> None:
    infos = list(METHODS)
    assert len({info.name for info in infos}) == len(infos)
    assert any(info.is_free for info in infos)
    assert all(0.0 <= info.quality <= 1.0 for info in infos)
    for info in infos:
        if info.part_of is not None:
            assert info.part_of in infos and info.quality < info.part_of.quality
            assert info.scale is info.part_of.scale and not info.is_free
    assert 0.0 < MAX_FRACTION < 1.0
