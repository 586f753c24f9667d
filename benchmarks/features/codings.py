"""Ways to send what one device made to the next: what each delivers, and its bits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.features.parts import Net, Scene
from models.graph.writer import INPUT
from models.split.graphs import COEFFICIENTS
from models.training.clip import Bytes
from models.training.codec import to_frame
from workers.team.feature_codec import FeatureDecoder, FeatureEncoder, FeatureStripe
from workers.team.residual_codec import MAX_QUALITY, decode_region, encode_region

__all__ = ["CRF", "PRICES", "STAGES", "WAYS", "Delivered", "encode_at", "lose", "send_all"]

STAGES = (1, 2, 4, 8, 16, 24)
PRICES = (30.0, 10.0, 3.0, 1.0, 0.3, 0.1)
"""Squared levels that a bit must save."""
PRINCIPAL = (2, 4, 8, 16, 32)
"""Channels of the principal component analysis that are sent."""
CRF = (34, 30, 26, 22, 18, 14)
QUALITIES = tuple(range(0, MAX_QUALITY + 1, 2))

INT8, INT8_CODED = "int8 features", "int8 features, entropy coded"
PCA, PCA_CODED = "PCA + int8", "PCA + int8, entropy coded"
RVQ, MASKED = "residual VQ, by stages", "residual VQ, changed blocks"
PICTURE, RESIDUAL, REGION = "picture by x264", "residual by x264", "residual of the team"
WAYS = (INT8, INT8_CODED, PCA, PCA_CODED, RVQ, MASKED, PICTURE, RESIDUAL, REGION)


@dataclasses.dataclass(frozen=True, slots=True)
class Delivered:
    """One way at one setting on one scene."""

    way: str
    setting: str
    mbit_s: float
    truth_db: float
    """PSNR of luma against the original."""
    whole_db: float
    """PSNR against what the whole net makes on one device."""


def send_all(scene: Scene, net: Net, others: NDArray[np.float64]) -> Iterator[Delivered]:
    """Every way and setting; ``others`` is the covariance of other scenes, for the components."""
    yield from _int8(scene, net)
    yield from _principal(scene, net, others)
    for stages in STAGES:
        coded = [*_features(scene, net, stages=stages, price=0.0, has_memory=False)]
        yield _received(RVQ, f"{stages} stages", scene, net, coded)
    for price in PRICES:
        yield _received(MASKED, f"price {price:g}", scene, net, encode_at(scene, net, price))
    for crf in CRF:
        made, bits = _x264(scene.whole, crf)
        yield _delivered(PICTURE, f"CRF {crf}", scene, bits, [made[t] for t in scene.judged])
        shifted = np.clip(scene.whole.astype(np.int16) - scene.plain + 128, 0, 255)
        rest, bits = _x264(shifted.astype(np.uint8), crf)
        added = np.clip(scene.plain.astype(np.int16) + rest - 128, 0, 255).astype(np.uint8)
        yield _delivered(RESIDUAL, f"CRF {crf}", scene, bits, [added[t] for t in scene.judged])
    yield from _regions(scene)


def _regions(scene: Scene) -> Iterator[Delivered]:
    """The codec of the team's results, each frame by itself. The judged frames stand for all."""
    every = len(scene.luma) / len(scene.judged)
    for quality in QUALITIES:
        made, size = [], 0
        for t in scene.judged:
            data = encode_region(scene.whole[t], scene.plain[t], quality)
            made.append(decode_region(data, scene.plain[t]))
            size += len(data)
        yield _delivered(REGION, f"quality {quality}", scene, 8 * size * every, made)


Coded = Sequence[Sequence[bytes]]
"""The stripes of each frame."""


def encode_at(scene: Scene, net: Net, price: float) -> Coded:
    """All stages with changed blocks at one price."""
    return [*_features(scene, net, stages=max(STAGES), price=price, has_memory=True)]


def lose(
    scene: Scene, net: Net, coded: Coded, is_lost: Callable[[FeatureStripe], bool]
) -> Delivered:
    """Vector-quantized features of which some stripes do not arrive."""
    left = [[data for data in frame if not is_lost(FeatureStripe.parse(data))] for frame in coded]
    return _received(MASKED, "with losses", scene, net, left)


def _features(
    scene: Scene, net: Net, *, stages: int, price: float, has_memory: bool
) -> Iterator[list[bytes]]:
    """The stripes of each frame."""
    encoder = FeatureEncoder(net.codebook, *scene.coefficients[0].shape[1:])
    for sequence, values in enumerate(scene.coefficients):
        yield encoder.encode(
            values, sequence=sequence, stages=stages, price=price, has_memory=has_memory
        )


def _received(way: str, setting: str, scene: Scene, net: Net, coded: Coded) -> Delivered:
    decoder = FeatureDecoder(net.codebook, *scene.coefficients[0].shape[1:])
    made = []
    for sequence, stripes in enumerate(coded):
        values = decoder.decode(stripes, sequence=sequence)
        if sequence in scene.judged:
            feeds = {INPUT: scene.luma[sequence][None, None], COEFFICIENTS: values[None]}
            made.append(net.receiver(**feeds)[0])
    bits = 8 * sum(len(data) for frame in coded for data in frame)
    return _delivered(way, setting, scene, bits, made)


def _int8(scene: Scene, net: Net) -> Iterator[Delivered]:
    """The bytes that the int8 graph itself has at the cut, as they are and by their entropy."""
    made, entropy, raw = [], 0.0, 0
    for t in scene.judged:
        luma = scene.luma[t][None, None]
        features = net.front_int8(**{INPUT: luma})
        made.append(net.back_int8(**{INPUT: luma, net.at_int8: features[None]})[0])
        raw += 8 * features.size
        entropy += sum(entropy_bits(channel) for channel in features)
    every = len(scene.luma) / len(scene.judged)
    yield _delivered(INT8, "8 bits", scene, raw * every, made)
    yield _delivered(INT8_CODED, "order 0", scene, entropy * every, made)


def _principal(scene: Scene, net: Net, others: NDArray[np.float64]) -> Iterator[Delivered]:
    """Channels by principal component analysis, each with 8 bits over its own range."""
    mean = others[-1]
    vectors = np.linalg.eigh(others[:-1] - np.outer(mean, mean))[1][:, ::-1]
    every = len(scene.luma) / len(scene.judged)
    frames = [net.front(**{INPUT: scene.luma[t][None, None]}) for t in scene.judged]
    for count in PRINCIPAL:
        basis = vectors[:, :count]
        made, entropy = [], 0.0
        for t, features in zip(scene.judged, frames, strict=True):
            flat = features.reshape(len(features), -1)
            values = basis.T @ (flat - mean[:, None])
            step = np.maximum(np.abs(values).max(axis=1, keepdims=True) / 127, 1e-9)
            levels = np.rint(values / step)
            entropy += sum(entropy_bits(channel) for channel in levels)
            again = np.maximum(basis @ (levels * step) + mean[:, None], 0)
            feeds = {net.at: again.astype(np.float32).reshape(1, *features.shape)}
            made.append(net.back(**{INPUT: scene.luma[t][None, None]}, **feeds)[0])
        raw = 8 * count * scene.luma.size
        yield _delivered(PCA, f"{count} components", scene, raw, made)
        yield _delivered(PCA_CODED, f"{count} components", scene, entropy * every, made)


def entropy_bits(values: NDArray[Any]) -> float:
    """Bits of an ideal coder that knows how often each value occurs: less than a real one."""
    counts = np.unique(values, return_counts=True)[1]
    return float(-(counts * np.log2(counts / counts.sum())).sum())


def _x264(pictures: Bytes, crf: int) -> tuple[Bytes, float]:
    """Luma by x264 at a quality, decoded, and its bits; as a helper would send its result."""
    frames, height, width = pictures.shape
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate, context.time_base = 30, Fraction(1, 30)
    context.gop_size, context.thread_count = 300, 1
    context.options = {"preset": "superfast", "tune": "zerolatency", "crf": str(crf)}
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    grey = np.full((2, height // 2, width // 2), 128, np.uint8)
    bits, decoded = 0, []
    for index in range(frames + 1):
        frame = None if index == frames else to_frame(pictures[index], grey, index)
        for packet in context.encode(frame):
            bits += 8 * packet.size
            decoded += decoder.decode(packet)
    decoded += decoder.decode(None)
    return np.stack([frame.to_ndarray()[:height] for frame in decoded]), bits


def _delivered(
    way: str, setting: str, scene: Scene, bits: float, made: Sequence[Bytes]
) -> Delivered:
    pictures = np.stack(made)
    judged = list(scene.judged)
    return Delivered(
        way,
        setting,
        scene.mbit_s(bits),
        psnr(pictures, scene.truth[judged]),
        psnr(pictures, scene.whole[judged]),
    )


def psnr(made: Bytes, truth: Bytes) -> float:
    """PSNR in dB of all frames together; at most 99, where they are equal."""
    error = float(np.mean((made.astype(np.float32) - truth) ** 2))
    return min(99.0, 10 * float(np.log10(255**2 / max(error, 1e-12))))
