"""Nets by their names."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from models.nets.table import NETS, UnknownNet, build
from tests.models.nets.small import SMALL


@pytest.mark.parametrize("name", sorted(SMALL))
def test_each_net_is_built_from_plain_data(name: str) -> None:
    first, second = build(name, SMALL[name]), build(name, dict(SMALL[name]))
    assert type(first) is type(second)
    assert [p.shape for p in first.parameters()] == [p.shape for p in second.parameters()]
    module, class_name, _ = NETS[name]
    assert (type(first).__module__, type(first).__name__) == (module, class_name)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(UnknownNet) as caught:
        build("abacus", {})
    assert "there is no net 'abacus'" in str(caught.value)
    for name in NETS:
        assert name in str(caught.value)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(UnknownNet, match="edvr cannot be built: .*'colour'"):
        build("edvr", {"colour": 3})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("unet", {"scale": 3}), ("unet", {"blocks": [1, 1]}), ("edvr", {"scale": 3})],
)
def test_settings_that_cannot_be_are_refused(name: str, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        build(name, {**SMALL[name], **wrong})


def test_a_list_of_a_manifest_is_as_good_as_a_tuple() -> None:
    built = build("unet", {**SMALL["unet"], "blocks": [1, 2, 1]})
    same = build("unet", {**SMALL["unet"], "blocks": (1, 2, 1)})
    assert len(list(built.parameters())) == len(list(same.parameters()))


def test_two_nets_of_one_seed_have_the_same_weights() -> None:
    made = []
    for _ in range(2):
        torch.manual_seed(9)
        made.append(build("tdan", SMALL["tdan"]))
    for one, other in zip(made[0].parameters(), made[1].parameters(), strict=True):
        assert torch.equal(one, other)
