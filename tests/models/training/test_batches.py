from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from models.training.batches import Patches, RollOuts, Sequences, enlarge, warp  # noqa: E402
from models.training.motion import CELL, backward_flow, move  # noqa: E402
from tests.models.test_live_net import picture  # noqa: E402


def sequences(count: int = 4, frames: int = 3) -> Sequences:
    rng = np.random.default_rng(0)
    decoded = rng.integers(0, 256, (count, frames, 16, 16), np.uint8)
    original = rng.integers(0, 256, (count, frames, 32, 32), np.uint8)
    return decoded, original, np.zeros((count, frames, 2, 4, 4), np.float16)


def test_the_same_step_has_the_same_batch_and_pairs_stay_together() -> None:
    decoded = np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    original = 10 * np.arange(6, dtype=np.uint8)[:, None, None] * np.ones((1, 16, 16), np.uint8)
    material = Patches([(decoded, original)], size=3, seed=1)
    batch, again = material.batch(7), Patches([(decoded, original)], size=3, seed=1).batch(7)
    assert torch.equal(batch.decoded, again.decoded)
    assert torch.allclose(batch.decoded[:, 0, 0, 0] * 10, batch.original[:, 0, 0, 0])


def test_a_roll_out_begins_with_bicubic_and_goes_on_with_what_was_kept() -> None:
    material = RollOuts([sequences()], size=2, seed=1, scale=2)
    first = material.batch(0)
    assert first.previous is not None
    assert torch.allclose(first.previous, enlarge(first.decoded, 2))
    kept = torch.rand(2, 1, 32, 32)
    material.keep(kept)
    second = material.batch(1)
    assert second.previous is not None
    assert torch.allclose(second.previous, kept, atol=1e-5)
    material.keep(kept)
    material.batch(2)
    material.keep(kept)
    new = material.batch(3)
    assert new.previous is not None
    assert torch.allclose(new.previous, enlarge(new.decoded, 2))


def test_a_run_resumed_inside_a_roll_out_starts_it_without_a_past() -> None:
    batch = RollOuts([sequences()], size=2, seed=1, scale=2).batch(4)
    assert batch.previous is not None
    assert torch.allclose(batch.previous, enlarge(batch.decoded, 2))


def test_warping_reads_where_the_flow_points() -> None:
    luma = torch.arange(32.0).expand(1, 1, 32, 32) / 32
    flow = torch.zeros(1, 2, 4, 4)
    flow[:, 0] = 2
    moved = warp(luma, flow, 2)
    # Two small pixels to the right are four large ones.
    assert torch.allclose(moved[..., :27], luma[..., 4:31], atol=1e-4)


def test_flow_and_moving_find_the_content_of_the_frame_before() -> None:
    still = picture(80, 120, 4)
    clip = np.stack([still[:, 4 : 4 + 96], still[:, 0:96]])
    flow = backward_flow(clip)
    assert flow.shape == (2, 2, 80 // CELL, 96 // CELL)
    assert not flow[0].any()
    # What is at x now was at x - 4 in the frame before.
    assert float(np.median(flow[1, 0])) == pytest.approx(-4, abs=0.3)
    moved = move(clip[0], clip[0], clip[1]).astype(int)
    inside = np.abs(moved - clip[1])[8:-8, 12:-8]
    assert inside.mean() < 0.3 * np.abs(clip[0].astype(int) - clip[1])[8:-8, 12:-8].mean()


def marked(count: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Pairs whose large picture is the small one with each pixel repeated."""
    rng = np.random.default_rng(3)
    small = rng.integers(0, 256, (count, 8, 8), np.uint8)
    return small, small.repeat(2, 1).repeat(2, 2)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**31), step=st.integers(0, 10**6), size=st.integers(1, 6))
def test_both_pictures_of_a_pair_are_turned_alike(seed: int, step: int, size: int) -> None:
    batch = Patches([marked()], size=size, seed=seed).batch(step)
    assert batch.decoded.shape == (size, 1, 8, 8) and batch.original.shape == (size, 1, 16, 16)
    large = batch.decoded.repeat_interleave(2, 2).repeat_interleave(2, 3)
    assert torch.equal(batch.original, large)
    assert float(batch.decoded.min()) >= 0 and float(batch.decoded.max()) <= 1
    assert batch.previous is None


def test_every_turn_and_every_part_comes_up() -> None:
    one = np.zeros((1, 8, 8), np.uint8)
    one[0, 0, 1] = 255
    parts = [(one, one.repeat(2, 1).repeat(2, 2)), (255 - one, 255 - one.repeat(2, 1).repeat(2, 2))]
    material = Patches(parts, size=1, seed=1)
    seen = {material.batch(step).decoded.numpy().tobytes() for step in range(200)}
    # Eight places of one pixel (flips and the diagonal), in two parts.
    assert len(seen) == 16


def flowing(flow: tuple[float, float]) -> Sequences:
    """Sequences whose next frame is the one before, moved against a constant flow."""
    rng = np.random.default_rng(5)
    frames = [rng.integers(0, 256, (16, 16), np.uint8)]
    for _ in range(2):
        frames.append(np.roll(frames[-1], (-int(flow[1]), -int(flow[0])), (0, 1)))
    decoded = np.stack(frames)[None]
    vectors = np.zeros((1, 3, 2, 4, 4), np.float16)
    vectors[:, 1:, 0], vectors[:, 1:, 1] = flow
    return decoded, decoded.repeat(2, 2).repeat(2, 3), vectors


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("flow", [(2.0, 0.0), (0.0, -2.0), (2.0, -2.0)])
def test_mirrored_sequences_keep_their_motion(flow: tuple[float, float], seed: int) -> None:
    """Wherever the flips point, the kept picture is moved onto the next frame."""
    material = RollOuts([flowing(flow)], size=1, seed=seed, scale=2)
    first = material.batch(0)
    material.keep(first.original)
    second = material.batch(1)
    assert second.previous is not None
    inside = np.s_[:, :, 6:-6, 6:-6]
    assert torch.allclose(second.previous[inside], second.original[inside], atol=1e-3)


def test_what_is_kept_has_no_gradient_and_stays_in_range() -> None:
    material = RollOuts([sequences()], size=2, seed=1, scale=2)
    material.batch(0)
    wild = (torch.rand(2, 1, 32, 32) * 4 - 2).requires_grad_()
    material.keep(wild)
    previous = material.batch(1).previous
    assert previous is not None and not previous.requires_grad
    assert float(previous.min()) >= 0 and float(previous.max()) <= 1


def test_a_roll_out_stays_with_its_sequences_and_the_next_one_draws_others() -> None:
    material = RollOuts([sequences(count=40)], size=1, seed=1, scale=2)
    assert material.length == 3
    same = RollOuts([sequences(count=40)], size=1, seed=1, scale=2)
    for step in range(6):
        a, b = material.batch(step), same.batch(step)
        assert torch.equal(a.decoded, b.decoded) and torch.equal(a.original, b.original)
        material.keep(a.original)
        same.keep(b.original)
    first, second = (
        RollOuts([sequences(count=40)], size=1, seed=1, scale=2).batch(step).decoded
        for step in (0, 3)
    )
    assert not torch.equal(first, second)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_no_motion_moves_nothing(scale: int) -> None:
    x = torch.rand(2, 1, 8 * scale, 8 * scale)
    assert torch.allclose(warp(x, torch.zeros(2, 2, 2, 2), scale), x, atol=1e-5)


def test_beyond_the_border_its_last_pixel_is_read() -> None:
    x = torch.rand(1, 1, 16, 16)
    far = torch.zeros(1, 2, 2, 2)
    far[:, 0] = 1000
    moved = warp(x, far, 2)
    assert torch.allclose(moved, x[..., -1:].expand_as(moved), atol=1e-5)
