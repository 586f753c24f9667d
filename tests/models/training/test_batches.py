from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

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
