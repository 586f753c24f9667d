from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.export.live import load_checkpoint  # noqa: E402
from models.nets.live import LiveConfig  # noqa: E402
from models.training.train import TrainConfig, relative_error, train  # noqa: E402

MODEL = LiveConfig(channels=8, body=0, expansion=8)


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


def config(steps: int) -> TrainConfig:
    return TrainConfig(steps=steps, batch=4, warm_up=2, finish=3, save_every=5)


def test_a_few_steps_lessen_the_loss(tmp_path: Path) -> None:
    small, large = (torch.from_numpy(part)[:, None].float() / 255 for part in pairs())
    net = train([pairs()], MODEL, config(60), tmp_path / "a.pt", print)
    start = train([pairs()], MODEL, config(0), tmp_path / "b.pt", print)
    with torch.no_grad():
        assert torch.mean((net(small) - large) ** 2) < 0.98 * torch.mean(
            (start(small) - large) ** 2
        )


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    whole = train([pairs()], MODEL, config(10), tmp_path / "whole.pt", print)

    class Interrupted(Exception):
        pass

    def stop(_: str) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        train([pairs()], MODEL, config(10), tmp_path / "parts.pt", stop)
    parts = train([pairs()], MODEL, config(10), tmp_path / "parts.pt", print)
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_a_checkpoint_loads_as_plain_data_and_names_its_net(tmp_path: Path) -> None:
    trained = train([pairs()], MODEL, config(5), tmp_path / "a.pt", print)
    net, content = load_checkpoint(tmp_path / "a.pt")
    assert net.config == MODEL
    assert content["step"] == 5
    assert content["revision"]
    assert torch.equal(net.convs[0].direct, trained.convs[0].direct)
    with pytest.raises(ValueError, match="another net"):
        train([pairs()], LiveConfig(channels=16), config(6), tmp_path / "a.pt", print)


def test_the_loss_weighs_a_faint_patch_like_a_strong_one() -> None:
    truth = torch.zeros(2, 1, 8, 8)
    y = torch.stack([torch.full((1, 8, 8), 0.5), torch.full((1, 8, 8), 0.05)]).requires_grad_()
    relative_error(y, truth).backward()  # type: ignore[no-untyped-call]
    strong, faint = y.grad.abs().sum((1, 2, 3))
    assert faint > 5 * strong
