from __future__ import annotations

import time

import pytest

from workers.enhance.nets import MAX_NETS, NetCache
from workers.errors import NetUnusable


def test_ready_never_waits_and_has_the_net_soon(nets: NetCache) -> None:
    deadline = time.monotonic() + 5
    assert nets.ready("tiny", 64, 48) is None
    while (net := nets.ready("tiny", 64, 48)) is None:
        assert time.monotonic() < deadline
    assert nets.load("tiny", 64, 48) is net


def test_a_net_is_compiled_for_the_padded_size(nets: NetCache) -> None:
    net = nets.load("tiny4", 61, 45)
    assert (net.width, net.height) == (64, 48)


@pytest.mark.parametrize("model", ["nowhere", "../tiny"])
def test_an_unknown_model_is_refused_in_a_sentence(nets: NetCache, model: str) -> None:
    with pytest.raises(NetUnusable, match=r"^There is no model named .* in the zoo\.$"):
        nets.load(model, 64, 48)
    with pytest.raises(NetUnusable):
        nets.ready(model, 64, 48)


def test_the_oldest_nets_are_forgotten(nets: NetCache) -> None:
    first = nets.load("tiny", 2, 2)
    for side in range(4, 4 + 2 * MAX_NETS, 2):
        nets.load("tiny", side, side)
    assert nets.load("tiny", 2, 2) is not first
