from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.export.live import load_checkpoint  # noqa: E402
from models.nets.live import LiveConfig, LiveNet  # noqa: E402
from models.training.batches import Patches, RollOuts, Sequences  # noqa: E402
from models.training.train import TrainConfig, train  # noqa: E402

MODEL = LiveConfig(channels=8, body=1, expansion=8)


def pairs(count: int = 24) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    large = np.stack(
        [
            cv2.GaussianBlur(rng.integers(0, 256, (32, 32), np.uint8), (0, 0), 1.2)
            for _ in range(count)
        ]
    )
    small = np.rint(large.reshape(count, 16, 2, 16, 2).mean((2, 4))).astype(np.uint8)
    return small, large


def material(size: int = 4) -> Patches:
    return Patches([pairs()], size=size, seed=1)


def sequences(frames: int = 3) -> Sequences:
    small, large = pairs(6)
    still = np.zeros((6, frames, 2, 4, 4), np.float16)
    return np.stack([small] * frames, 1), np.stack([large] * frames, 1), still


def config(steps: int) -> TrainConfig:
    return TrainConfig(steps=steps, batch=4, warm_up=2, finish=3, save_every=5)


def test_a_few_steps_lessen_the_loss(tmp_path: Path) -> None:
    small, large = (torch.from_numpy(part)[:, None].float() / 255 for part in pairs())
    net = train(material(), MODEL, config(60), tmp_path / "a.pt", print)
    start = train(material(), MODEL, config(0), tmp_path / "b.pt", print)
    with torch.no_grad():
        assert torch.mean((net(small) - large) ** 2) < 0.98 * torch.mean(
            (start(small) - large) ** 2
        )


def test_bfloat16_learns_as_well_and_leaves_weights_and_pictures_whole(tmp_path: Path) -> None:
    small, large = (torch.from_numpy(part)[:, None].float() / 255 for part in pairs())
    fast = replace(config(60), bfloat16=True)
    net = train(material(), MODEL, fast, tmp_path / "a.pt", print)
    whole = train(material(), MODEL, config(60), tmp_path / "b.pt", print)
    with torch.no_grad():
        errors = [float(torch.mean((x(small) - large) ** 2)) for x in (net, whole)]
    assert errors[0] < 1.02 * errors[1]
    assert {parameter.dtype for parameter in net.parameters()} == {torch.float32}


def test_the_base_and_the_input_keep_full_precision_under_bfloat16() -> None:
    """A picture of 8 binary digits would be off by half a level where it is bright."""
    net = LiveNet(MODEL)
    luma = torch.full((1, 1, 16, 16), 201 / 255)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        features, base, _ = net.features(luma, None)
    assert base.dtype == torch.float32 and features.dtype in (torch.float32, torch.bfloat16)
    assert float((base - 201 / 255).abs().max()) < 1e-6


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    whole = train(material(), MODEL, config(10), tmp_path / "whole.pt", print)

    class Interrupted(Exception):
        pass

    def stop(_: str) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        train(material(), MODEL, config(10), tmp_path / "parts.pt", stop)
    parts = train(material(), MODEL, config(10), tmp_path / "parts.pt", print)
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_a_checkpoint_loads_as_plain_data_and_names_its_net(tmp_path: Path) -> None:
    trained = train(material(), MODEL, config(5), tmp_path / "a.pt", print)
    net, content = load_checkpoint(tmp_path / "a.pt")
    assert net.config == MODEL
    assert content["step"] == 5
    assert content["revision"]
    assert torch.equal(net.first.direct, trained.first.direct)
    with pytest.raises(ValueError, match="another net"):
        train(material(), LiveConfig(channels=16), config(6), tmp_path / "a.pt", print)


def test_the_crisp_stage_leaves_the_faithful_look_as_it_is(tmp_path: Path) -> None:
    start = train(material(), MODEL, config(5), tmp_path / "a.pt", print)
    crisp = TrainConfig(steps=10, batch=4, warm_up=2, stage="crisp", boost=0.5)
    said: list[str] = []
    net = train(material(), MODEL, crisp, tmp_path / "b.pt", said.append, tmp_path / "a.pt")
    luma = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        assert torch.equal(net(luma), start(luma))
        assert not torch.allclose(net(luma, strength=1.0), start(luma, strength=1.0))
    assert "tensors begin as in a.pt" in said[0]


def test_a_start_takes_over_what_fits(tmp_path: Path) -> None:
    first = train(material(), MODEL, config(3), tmp_path / "a.pt", print)
    larger = LiveConfig(scale=2, channels=8, body=2, expansion=8)
    begun = train(material(), larger, config(0), tmp_path / "b.pt", print, tmp_path / "a.pt")
    assert torch.equal(begun.first.direct, first.first.direct)


def test_a_temporal_net_trains_on_its_own_output(tmp_path: Path) -> None:
    model = LiveConfig(channels=8, body=1, previous=True, expansion=8)
    roll_outs = RollOuts([sequences()], size=4, seed=1, scale=2)
    net = train(roll_outs, model, config(7), tmp_path / "a.pt", print)
    luma = torch.rand(1, 1, 16, 16)
    with torch.no_grad():
        alone, followed = net(luma, net.enlarge(luma)), net(luma, torch.rand(1, 1, 32, 32))
    assert not torch.allclose(alone, followed)
