"""Fine-tuning of the part behind a cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from models.export.live import plain_live  # noqa: E402
from models.graph.plain import PlainNet  # noqa: E402
from models.graph.writer import write_float  # noqa: E402
from models.nets.live import LiveConfig  # noqa: E402
from models.split.codebooks import CodebookConfig, Codebooks, train_codebooks  # noqa: E402
from models.split.live_parts import live_cut, read_live  # noqa: E402
from models.split.transform import Transform, fit  # noqa: E402
from models.split.tune import (  # noqa: E402
    TuneConfig,
    arrived,
    read_receiver,
    receiver_weights,
    tune,
    write_receiver,
)
from tests.models.test_live_net import picture, tiny  # noqa: E402

CONFIG = TuneConfig(steps=30, batch=4, rate=2e-3, blend=1.0)
EVERYTHING = TuneConfig(lose_all=0, lose_stage=0, lose_stripe=0, prices=(1e-6, 2e-6))

Fitted = tuple[PlainNet, Transform, Codebooks, np.ndarray]


def grey(seed: int) -> np.ndarray:
    """A picture of little contrast: what the net makes of it needs no clipping."""
    return np.asarray(picture(40, 40, seed) // 4 + 96, np.uint8)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    path = tmp_path_factory.mktemp("net") / "fp32.onnx"
    net = tiny(LiveConfig(channels=8, body=2, expansion=16))
    # As it is, its picture leaves the range of bytes, which the originals are.
    net.faithful.damp(0.2)
    onnx.save(write_float(plain_live(net)), path)
    plain = read_live(path)
    pictures = np.stack([grey(seed) for seed in range(24)])
    transform, vectors = fit(live_cut(plain, 1), pictures, dimensions=16)
    small = CodebookConfig(stages=4, codewords=16, width=8, rounds=3)
    return plain, transform, train_codebooks(vectors, small), pictures


def whole_pictures(plain: PlainNet, pictures: np.ndarray) -> np.ndarray:
    """The originals of the test: what the whole net makes of each patch."""
    cut = live_cut(plain, 1)
    luma = torch.from_numpy(pictures.astype(np.float32))[:, None]
    with torch.no_grad():
        made = cut.back(cut.front(luma), luma)[:, 0]
    return np.asarray(made.clamp(0, 255).round().numpy(), np.uint8)


def error(net: PlainNet, fitted: Fitted, seed: int) -> float:
    """Squared error to the whole net's picture when coarse features arrive."""
    plain, transform, books, _ = fitted
    whole, tuned = live_cut(plain, 1), live_cut(net, 1)
    luma: Any = torch.from_numpy(grey(seed).astype(np.float32))[None, None]
    with torch.no_grad():
        features = whole.front(luma)
        sent = transform.forward(features, luma)[0].numpy()
        coarse = arrived(sent, books, CONFIG, np.random.default_rng(seed))
        given = transform.backward(torch.from_numpy(coarse)[None], luma)
        apart = tuned.back(given, luma) - whole.back(features, luma)
    return float(apart.pow(2).mean())


def test_what_arrives_is_made_better_use_of(fitted: Fitted) -> None:
    plain, transform, books, pictures = fitted
    pairs = (pictures, whole_pictures(plain, pictures))
    tuned = tune(plain, 1, transform, books, pairs, CONFIG)
    before = np.mean([error(plain, fitted, seed) for seed in range(50, 62)])
    after = np.mean([error(tuned, fitted, seed) for seed in range(50, 62)])
    assert after < 0.97 * before
    # The part before the cut is on another device and stays.
    assert np.array_equal(tuned.first.weight, plain.first.weight)
    assert np.array_equal(tuned.body[0].weight, plain.body[0].weight)
    assert not np.array_equal(tuned.body[1].weight, plain.body[1].weight)


def test_progress_is_told(fitted: Fitted) -> None:
    plain, transform, books, pictures = fitted
    told: list[str] = []
    pairs = (pictures, whole_pictures(plain, pictures))
    tune(plain, 1, transform, books, pairs, TuneConfig(steps=50, batch=1), told.append)
    assert len(told) == 1 and told[0].startswith("step 50")


def test_a_blend_lies_between_the_old_weights_and_the_new(fitted: Fitted) -> None:
    plain, transform, books, pictures = fitted
    pairs = (pictures, whole_pictures(plain, pictures))
    found = {}
    for blend in (0.0, 0.5, 1.0):
        config = TuneConfig(steps=3, batch=2, rate=1e-2, blend=blend)
        found[blend] = tune(plain, 1, transform, books, pairs, config).body[1].weight
    assert np.allclose(found[0.0], plain.body[1].weight, atol=1e-3)
    assert np.allclose(found[0.5], (found[0.0] + found[1.0]) / 2, atol=2e-3)
    assert not np.allclose(found[1.0], found[0.0], atol=2e-3)


def test_weights_are_written_by_their_names_in_a_graph(fitted: Fitted, tmp_path: Path) -> None:
    plain = fitted[0]
    path = tmp_path / "receiver.npz"
    write_receiver(plain, 1, path)
    read = read_receiver(path)
    constants = {each.name: list(each.dims) for each in write_float(plain).graph.initializer}
    assert set(read) == {"conv1_w", "conv1_b", "head_w", "head_b"}
    for name, weight in read.items():
        assert list(weight.shape) == constants[name] and weight.dtype == np.float32
        assert np.allclose(weight, receiver_weights(plain, 1)[name], rtol=1e-3, atol=1e-3)


def values(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 30, (16, 6, 6)).astype(np.float32)


def test_more_stages_and_lower_prices_arrive_nearer(fitted: Fitted) -> None:
    books, sent = fitted[2], values(1)
    errors = []
    for seed in range(12):
        made = arrived(sent, books, EVERYTHING, np.random.default_rng(seed))
        errors.append(float(((made - sent) ** 2).sum()))
    # The number of stages is drawn: several errors, none above that of nothing at all.
    assert len(set(errors)) > 1 and max(errors) <= float((sent**2).sum())
    dear = TuneConfig(lose_all=0, lose_stage=0, lose_stripe=0, prices=(1e8, 2e8))
    assert not arrived(sent, books, dear, np.random.default_rng(0)).any()


def test_all_may_be_lost(fitted: Fitted) -> None:
    everything_lost = TuneConfig(lose_all=1.0)
    assert not arrived(values(2), fitted[2], everything_lost, np.random.default_rng(0)).any()
    every_stage_lost = TuneConfig(lose_all=0, lose_stage=1.0)
    assert not arrived(values(2), fitted[2], every_stage_lost, np.random.default_rng(0)).any()


def test_a_lost_stripe_leaves_out_whole_rows_of_a_stage(fitted: Fitted) -> None:
    stripes = TuneConfig(lose_all=0, lose_stage=0, lose_stripe=1.0, prices=(1e-6, 2e-6))
    sent = values(3)
    lost = arrived(sent, fitted[2], stripes, np.random.default_rng(5))
    whole = arrived(sent, fitted[2], EVERYTHING, np.random.default_rng(5))
    assert ((lost - sent) ** 2).sum() > ((whole - sent) ** 2).sum()
