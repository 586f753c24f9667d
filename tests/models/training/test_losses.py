from __future__ import annotations

import math
from collections.abc import Callable

import pytest

pytest.importorskip("torch")

import torch

from models.training.losses import (
    contrast_error,
    crisp_error,
    fidelity_error,
    log_squared_error,
    relative_error,
)

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


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


ALL = pytest.mark.parametrize(
    "loss", [relative_error, log_squared_error, contrast_error, crisp_error]
)


@ALL
def test_a_perfect_picture_has_the_least_loss(loss: Loss) -> None:
    target = texture()
    least = float(loss(target, target))
    for error in (0.02, -0.02):
        assert float(loss(target * (1 + error), target)) > least


@ALL
def test_the_loss_of_a_batch_does_not_depend_on_its_order(loss: Loss) -> None:
    y, target = torch.rand(3, 1, 32, 32), torch.rand(3, 1, 32, 32)
    one, other = loss(y, target), loss(y.flip(0), target.flip(0))
    assert float(one) == pytest.approx(float(other), rel=1e-4)


@ALL
def test_a_gradient_leads_towards_the_original(loss: Loss) -> None:
    target = texture()
    y = (0.5 + 0.5 * (target - 0.5)).requires_grad_()
    before = loss(y, target)
    before.backward()  # type: ignore[no-untyped-call]
    assert y.grad is not None and bool(torch.isfinite(y.grad).all())
    with torch.no_grad():
        after = loss(y - 1e-3 * y.grad / y.grad.abs().max(), target)
    assert float(after) < float(before.detach())


@ALL
def test_flat_pictures_have_finite_gradients(loss: Loss) -> None:
    """Black on black is where roots and logarithms end."""
    y = torch.zeros(2, 1, 32, 32, requires_grad=True)
    loss(y, torch.zeros(2, 1, 32, 32)).backward()  # type: ignore[no-untyped-call]
    assert y.grad is not None and bool(torch.isfinite(y.grad).all())


def test_a_lighter_picture_has_the_same_contrast() -> None:
    target = texture(0.5)
    assert float(contrast_error(target + 0.2, target)) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_contrast_is_counted_in_natural_logarithms(factor: float) -> None:
    target = texture(0.5)
    mean = target.mean()
    changed = mean + factor * (target - mean)
    assert float(contrast_error(changed, target)) == pytest.approx(abs(math.log(factor)), rel=0.05)


@pytest.mark.parametrize("decibel", [10, 20])
def test_ten_decibels_are_one_step_of_the_log_squared_error(decibel: int) -> None:
    target = torch.zeros(1, 1, 8, 8)
    near = float(log_squared_error(target + 0.1, target, floor=0.0))
    far = float(log_squared_error(target + 0.1 * 10 ** (decibel / 20), target, floor=0.0))
    assert far - near == pytest.approx(0.02 * math.log(10) * decibel / 10, rel=1e-4)


@pytest.mark.parametrize("contrast", [0.0, 0.02, 1.0])
def test_the_crisp_error_is_the_sum_of_its_parts(contrast: float) -> None:
    y, target = texture(0.8), texture()
    expected = relative_error(y, target) + contrast * contrast_error(y, target)
    assert float(crisp_error(y, target, 0.0, contrast)) == pytest.approx(float(expected))


def blurred(x: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


def large_texture() -> torch.Tensor:
    noise = torch.rand(1, 1, 96, 96, generator=torch.Generator().manual_seed(5))
    return 0.3 + 0.4 * blurred(noise)


def test_nothing_is_lost_of_a_picture_that_is_the_same() -> None:
    target = large_texture()
    assert float(fidelity_error(target, target)) == pytest.approx(0, abs=2e-3)


def test_information_is_lost_by_blur_and_by_noise_and_more_by_more() -> None:
    target = large_texture()
    once, twice = blurred(target), blurred(blurred(target))
    noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(1))
    lost = [float(fidelity_error(x, target)) for x in (once, twice)]
    noisy = [float(fidelity_error(target + s * noise, target)) for s in (0.01, 0.04)]
    assert 0.05 < lost[0] < lost[1] < 1
    assert 0.01 < noisy[0] < noisy[1] < 1


def test_contrast_above_the_original_earns_nothing() -> None:
    target = large_texture()
    stronger = target.mean() + 1.3 * (target - target.mean())
    assert float(fidelity_error(stronger, target)) >= -1e-4
    # Without the limit more contrast would count as more information than there was.
    assert float(fidelity_error(stronger, target, limit=9)) < -0.01


def test_brightness_is_no_information() -> None:
    target = large_texture()
    assert float(fidelity_error(target + 0.1, target)) == pytest.approx(0, abs=3e-3)


def test_flat_patches_have_nothing_to_lose_and_a_gradient_that_is_a_number() -> None:
    flat = torch.full((2, 1, 48, 48), 0.5)
    y = (flat + 0.001).requires_grad_()
    error = fidelity_error(y, flat)
    error.backward()  # type: ignore[no-untyped-call]
    assert float(error.detach()) == pytest.approx(0, abs=1e-3)
    assert y.grad is not None and bool(torch.isfinite(y.grad).all())


def test_following_its_gradient_brings_a_blurred_picture_nearer() -> None:
    target = large_texture()
    y = blurred(target).requires_grad_()
    before = float(fidelity_error(y, target).detach())
    for _ in range(20):
        error = fidelity_error(y, target)
        (slope,) = torch.autograd.grad(error, y)
        y = (y - 0.01 * slope / slope.abs().max()).detach().requires_grad_()
    assert float(fidelity_error(y, target).detach()) < 0.8 * before


def test_the_crisp_error_weighs_lost_information_only_where_it_is_asked_to() -> None:
    target = large_texture()
    y = blurred(target)
    plain, weighed = crisp_error(y, target), crisp_error(y, target, fidelity=0.5)
    assert float(weighed - plain) == pytest.approx(0.5 * float(fidelity_error(y, target)), rel=1e-4)
