"""``models.tuning.tunable_net``: the same picture as the graph, and weights that come back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet
from models.tuning.tunable_net import TunableNet
from tests.models.tuning import samples


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_it_gives_the_picture_of_the_shipped_graph(strength: float) -> None:
    luma = samples.pictures(1)[0]
    path = model_file(load_manifest("live-s"), "fp32")
    wanted = OpenNet(path, *luma.shape, strength=strength)(luma)
    with torch.no_grad():
        made = TunableNet(samples.net())(
            torch.from_numpy(luma.astype(np.float32))[None, None],
            torch.full((1, 1, 1, 1), strength),
        )
    rounded = np.clip(np.floor(made[0, 0].numpy() + 0.5), 0, 255)
    assert np.abs(rounded - wanted.astype(np.float32)).max() <= 1
    assert np.mean(rounded != wanted) < 0.001


def test_strengths_of_a_batch_are_each_its_own() -> None:
    luma = torch.from_numpy(np.stack(samples.pictures(2)).astype(np.float32))[:, None]
    net = TunableNet(samples.net())
    with torch.no_grad():
        both = net(luma, torch.tensor([0.0, 1.0])[:, None, None, None])
        alone = net(luma[1:], torch.ones(1, 1, 1, 1))
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-3)


def test_untouched_weights_come_back_as_they_were() -> None:
    net = samples.net()
    again = TunableNet(net).plain()
    for one, other in zip((net.first, *net.convs), (again.first, *again.convs), strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        np.testing.assert_array_equal(one.bias, other.bias)
    assert (again.scale, again.has_styles) == (2, True)


def test_what_comes_back_does_not_follow_further_training() -> None:
    tunable = TunableNet(samples.net())
    before = tunable.plain()
    with torch.no_grad():
        tunable.weights[0].zero_()
    assert np.any(before.first.weight != 0)
    assert not np.any(tunable.plain().first.weight)


def test_the_base_is_fixed() -> None:
    names = {name for name, _ in TunableNet(samples.net()).named_parameters()}
    assert not any("base" in name for name in names)
    assert len(names) == 2 * 6
