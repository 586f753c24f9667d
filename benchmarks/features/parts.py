"""The two parts of the net on one clip, and what every way to send something needs of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from benchmarks.material import BITS_PER_PIXEL
from models.graph.writer import INPUT, STRENGTH
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import bicubic
from models.measure.held_out_clips import small_clip
from models.openvino_core import open_core
from models.split.features import FeatureManifest, feature_file, load_features
from models.split.graphs import COEFFICIENTS, cut_graph, cut_points, with_transform
from models.split.transform import BLOCK, read_transform
from models.split.tune import read_receiver
from models.training.clip import Bytes, Clip
from models.training.codec import LiveEncoder, transcode
from workers.team.feature_codebook import Codebook, read_codebook

__all__ = ["EVERY", "NET", "SIZE", "Net", "Scene", "open_net", "prepare"]

NET = "live-l"

SIZE = (144, 208)
"""Rows and columns of the decoded picture's middle that is measured, multiples of BLOCK: a quarter
of the work of the whole, and no clip is smaller. Rates are for each pixel, so they stand for the
whole.
"""

EVERY = 2
"""One frame of so many is enhanced and judged; all are coded."""

Float = NDArray[np.float32]


class Graph:
    """A graph compiled for one size on one thread."""

    def __init__(self, model: onnx.ModelProto, shapes: dict[str, list[int]]) -> None:
        core = open_core()
        read = core.read_model(model.SerializeToString())
        names = {port.any_name for port in read.inputs}
        read.reshape({name: shape for name, shape in shapes.items() if name in names})
        options = {
            "INFERENCE_NUM_THREADS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        self._request: Any = core.compile_model(read, "CPU", options).create_infer_request()
        self._feeds: dict[str, Any] = {}
        if STRENGTH in names:
            self._feeds[STRENGTH] = np.zeros(1, np.float32)

    def __call__(self, **feeds: NDArray[Any]) -> NDArray[Any]:
        result: Any = self._request.infer({**self._feeds, **feeds})[0]
        return np.array(result[0])


@dataclasses.dataclass(frozen=True)
class Net:
    """Both parts of the net in each form in which something passes between them."""

    features: FeatureManifest
    codebook: Codebook
    front: Graph
    """Luma to float features."""
    back: Graph
    """Luma and float features to the picture."""
    at: str
    """The cut's name, which is that of the second part's input."""
    front_int8: Graph
    back_int8: Graph
    at_int8: str
    sender: Graph
    """Luma to coefficients."""
    receiver: Graph


def open_net(size: tuple[int, int] = SIZE, *, is_tuned: bool = False) -> Net:
    """Cuts the shipped graphs where the shipped features are. ``is_tuned``: the receiver of
    coefficients has the weights that were tuned to them.
    """
    manifest, features = load_manifest(NET), load_features(NET)
    height, width = size
    shapes = {INPUT: [1, 1, height, width]}
    parts, names = {}, {}
    for precision in ("fp32", "int8"):
        model = onnx.load(model_file(manifest, precision))
        at = cut_points(model)[features.convs]
        parts[precision], names[precision] = cut_graph(model, at), at
    transform = read_transform(feature_file(features, features.transform))
    channels, dimensions = len(transform.predictor), len(transform.analysis)
    weights = read_receiver(feature_file(features, features.receiver)) if is_tuned else {}
    both = with_transform(*parts["fp32"], names["fp32"], transform, weights)
    shapes |= {at: [1, channels, height, width] for at in names.values()}
    shapes[COEFFICIENTS] = [1, dimensions, height // BLOCK, width // BLOCK]
    opened = [Graph(each, shapes) for pair in (*parts.values(), both) for each in pair]
    return Net(
        features=features,
        codebook=read_codebook(feature_file(features, features.codebook)),
        front=opened[0],
        back=opened[1],
        at=names["fp32"],
        front_int8=opened[2],
        back_int8=opened[3],
        at_int8=names["int8"],
        sender=opened[4],
        receiver=opened[5],
    )


@dataclasses.dataclass(frozen=True)
class Scene:
    """One clip as both devices have it."""

    name: str
    luma: Bytes
    """Decoded, [frames, H, W]."""
    truth: Bytes
    """The original luma, [frames, 2H, 2W]."""
    whole: Bytes
    """The picture that the whole net makes in float."""
    plain: Bytes
    """Bicubic: what there is without a net."""
    coefficients: Sequence[Float]
    covariance: NDArray[np.float64]
    """Second moments of the features' channels and, last, their mean: [C + 1, C]."""

    @property
    def judged(self) -> range:
        """Frames that are enhanced and compared."""
        return range(0, len(self.luma), EVERY)

    def mbit_s(self, bits: float) -> float:
        """The rate of these bits for all frames, at 480x270 and 30 frames a second."""
        return bits / self.luma.size * 480 * 270 * 30 / 1e6


def prepare(name: str, clip: Clip, net: Net, size: tuple[int, int] = SIZE) -> Scene:
    """Codes a clip as a live source, decodes it and runs the first part and the whole net."""
    cut, small, chroma = small_clip(clip, 2)
    seen, _ = transcode(small, chroma, cut.fps, LiveEncoder("h264", BITS_PER_PIXEL))
    top, left = ((have - want) // 2 for have, want in zip(seen.shape[1:], size, strict=True))
    height, width = size
    luma = np.ascontiguousarray(seen[:, top : top + height, left : left + width])
    truth = cut.luma[:, 2 * top : 2 * (top + height), 2 * left : 2 * (left + width)]
    whole, coefficients, sums = [], [], []
    for frame in luma:
        feed = {INPUT: frame[None, None]}
        features = net.front(**feed)
        coefficients.append(net.sender(**feed))
        whole.append(net.back(**feed, **{net.at: features[None]})[0])
        flat = features.reshape(len(features), -1).astype(np.float64)
        sums.append(np.vstack((flat @ flat.T / flat.shape[1], flat.mean(axis=1))))
    plain = np.stack([bicubic(frame, 2) for frame in luma])
    return Scene(name, luma, truth, np.stack(whole), plain, coefficients, np.mean(sums, axis=0))
