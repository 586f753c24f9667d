"""The map between features and what is sent instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from models.export.live import plain_live  # noqa: E402
from models.graph.writer import write_float  # noqa: E402
from models.nets.live import LiveConfig  # noqa: E402
from models.split.live_parts import live_cut, read_live  # noqa: E402
from models.split.transform import (  # noqa: E402
    BLOCK,
    MARGIN,
    Cut,
    Transform,
    fit,
    read_transform,
    write_transform,
)
from tests.models.test_live_net import picture, tiny  # noqa: E402

CHANNELS = 8
WHOLE = CHANNELS * BLOCK**2
SIDE = 44


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    path = tmp_path_factory.mktemp("net") / "fp32.onnx"
    net = tiny(LiveConfig(channels=CHANNELS, body=2, expansion=16))
    onnx.save(write_float(plain_live(net)), path)
    return live_cut(read_live(path), 1)


def pictures(first: int, count: int) -> np.ndarray:
    return np.stack([picture(SIDE, SIDE, seed) for seed in range(first, first + count)])


@pytest.fixture(scope="module")
def fitted(cut: Cut) -> tuple[Transform, np.ndarray]:
    return fit(cut, pictures(0, 32), dimensions=WHOLE)


def inner(x: Any, scale: int = 1) -> Any:
    edge = MARGIN * scale
    return x[..., edge:-edge, edge:-edge]


def test_all_components_lose_almost_nothing(cut: Cut, fitted: tuple[Transform, np.ndarray]) -> None:
    transform, _ = fitted
    luma = torch.from_numpy(pictures(90, 2).astype(np.float32))[:, None]
    with torch.no_grad():
        features = cut.front(luma)
        again = transform.backward(transform.forward(features, luma), luma)
        # Half precision of the kernels is what is left.
        assert (again - features).pow(2).mean() < 1e-4 * features.pow(2).mean()


def test_the_first_components_hold_the_most_of_the_pictures_error(
    cut: Cut, fitted: tuple[Transform, np.ndarray]
) -> None:
    transform, _ = fitted
    luma = torch.from_numpy(pictures(80, 4).astype(np.float32))[:, None]
    errors = []
    with torch.no_grad():
        features = cut.front(luma)
        whole = cut.back(features, luma)
        values = transform.forward(features, luma)
        for kept in (0, 4, 16, 64, WHOLE):
            part = values.clone()
            part[:, kept:] = 0
            made = cut.back(transform.backward(part, luma), luma)
            errors.append(float(inner(made - whole, 2).pow(2).mean()))
    assert errors == sorted(errors, reverse=True)
    assert errors[2] < errors[0] / 2


def test_the_error_of_coefficients_is_about_that_of_the_picture(
    cut: Cut, fitted: tuple[Transform, np.ndarray]
) -> None:
    """Within a factor: neighbouring blocks overlap in the picture, and a ReLU is not linear."""
    transform, _ = fitted
    luma = torch.from_numpy(pictures(70, 4).astype(np.float32))[:, None]
    with torch.no_grad():
        features = cut.front(luma)
        whole = cut.back(features, luma)
        values = transform.forward(features, luma)
        noisy = values + 3 * torch.randn_like(values)
        made = cut.back(transform.backward(noisy, luma), luma)
        told = float((noisy - values).pow(2).sum(1).mean()) / (2 * BLOCK) ** 2
        seen = float(inner(made - whole, 2).pow(2).mean())
    assert told / 3 < seen < told * 3


def test_the_prediction_alone_tells_more_than_nothing(
    cut: Cut, fitted: tuple[Transform, np.ndarray]
) -> None:
    transform, _ = fitted
    luma = torch.from_numpy(pictures(60, 4).astype(np.float32))[:, None]
    with torch.no_grad():
        features = inner(cut.front(luma))
        left = (features - inner(transform.predict(luma))).pow(2).mean()
    mean = features.mean((0, 2, 3), keepdim=True)
    assert left < 0.8 * (features - mean).pow(2).mean()


def test_the_vectors_are_those_of_the_blocks_inside(
    cut: Cut, fitted: tuple[Transform, np.ndarray]
) -> None:
    transform, vectors = fitted
    across = (SIDE - 2 * MARGIN) // BLOCK
    assert vectors.shape == (32 * across**2, WHOLE)
    luma = torch.from_numpy(pictures(0, 1).astype(np.float32))[:, None]
    with torch.no_grad():
        values = transform.forward(cut.front(luma), luma)
    edge = MARGIN // BLOCK
    found = values[0, :, edge : edge + across, edge : edge + across].flatten(1).T
    spread = vectors.std()
    assert np.abs(found.numpy() - vectors[: across**2]).max() < 0.05 * spread


def test_what_was_written_is_read(fitted: tuple[Transform, np.ndarray], tmp_path: Path) -> None:
    transform, _ = fitted
    path = tmp_path / "transform.npz"
    write_transform(transform, path)
    again = read_transform(path)
    for name in ("predictor", "bias", "analysis", "synthesis"):
        assert np.array_equal(getattr(again, name), getattr(transform, name))
        assert getattr(again, name).dtype == np.float32
