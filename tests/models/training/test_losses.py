from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from models.training.losses import (
    contrast_error,
    crisp_error,
    log_squared_error,
    relative_error,
)


def texture(contrast: float = 1.0) -> torch.Tensor:
    noise = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(3))
    return 0.5 + contrast * (noise - 0.5)


def test_the_relative_error_weighs_a_faint_patch_like_a_strong_one() -> None:
    truth = torch.zeros(2, 1, 8, 8)
    y = torch.stack([torch.full((1, 8, 8), 0.5), torch.full((1, 8, 8), 0.05)]).requires_grad_()
    relative_error(y, truth).backward()  # type: ignore[no-untyped-call]
    assert y.grad is not None
    strong, faint = y.grad.abs().sum((1, 2, 3))
    assert faint > 5 * strong


def test_the_log_squared_error_falls_alike_for_each_halving() -> None:
    truth = torch.zeros(1, 1, 8, 8)
    large, half, quarter = (log_squared_error(truth + x, truth) for x in (0.4, 0.2, 0.1))
    assert float(large - half) == pytest.approx(float(half - quarter), rel=0.01)


def test_contrast_counts_too_little_and_too_much_alike_wherever_it_is() -> None:
    target = texture()
    assert float(contrast_error(target, target)) == 0
    soft, hard = contrast_error(texture(0.5), target), contrast_error(texture(2.0), target)
    assert float(soft) == pytest.approx(float(hard), rel=0.1)
    assert float(soft) > 0.3
    # The same texture at another place is as rich.
    assert float(contrast_error(target.flip(3), target.flip(2))) < 0.5 * float(soft)


def test_the_crisp_error_is_least_where_edges_are_raised() -> None:
    target = torch.zeros(1, 1, 32, 32)
    target[..., 16:] = 0.5
    raised = target.clone()
    raised[..., 16] += 0.05
    raised[..., 15] -= 0.05
    assert crisp_error(raised, target, boost=0.4) < crisp_error(target, target, boost=0.4)
    assert crisp_error(raised, target, boost=0.0) > crisp_error(target, target, boost=0.0)
