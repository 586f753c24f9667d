"""Steps of the check, in the order of their importance, and the budget of time that they fit in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

BUDGET_S = 450.0
"""Limit of a whole run: under eight minutes, with half a minute for the table and the archive."""

SIZES = ((640, 360), (1280, 720), (960, 540))
"""Input sizes in pixels, the most telling first."""

SMALL_SIZE = SIZES[0]
BATCHES = (1, 4)
STREAMS = (1, 4, 8)

PRECISIONS = {
    "openvino": ("fp32", "int8"),
    "onnxruntime": ("fp32", "int8"),
    "onnxruntime-cuda": ("fp32",),
    "onnxruntime-tensorrt": ("fp32", "int8"),
    "tensorrt": ("fp16", "int8", "fp32"),
    "torch": ("fp16", "fp32"),
}
"""Precisions of each engine, the one that would be used first."""

MODELS = {"torch": "unet-xs"}
"""Net of an engine that runs no graphs; the others run ``GRAPH_MODEL``."""

GRAPH_MODEL = "live-s"

_MAX_BATCH = {"torch": 1, "onnxruntime": 4, "openvino": 4}

# Seconds that a step is expected to take. Those of GPUs are estimates (nothing was measured yet):
# TensorRT times kernels for about 10 s for a net of seven convolutions.
_START_S = 5.0
_BUILD_S = {"tensorrt": 10.0, "onnxruntime-tensorrt": 12.0, "onnxruntime-cuda": 3.0, "torch": 3.0}
_CONTRACT_S = {"tensorrt": 40.0, "onnxruntime-tensorrt": 40.0}
_CALL_S = 0.4  # of each batch and number of streams
_SUSTAINED_S = 8.0  # seven trials of a second

LIMIT_FACTOR = 3.0
"""A step is ended after so many times what it was expected to take."""

MIN_LIMIT_S = 40.0
"""Least time limit: importing torch or CUDA takes up to half a minute on a cold disk."""


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One check of one engine, which runs in a process of its own."""

    check: Literal["operators", "pictures", "contract", "speed"]
    engine: str
    precision: str = ""
    size: tuple[int, int] = SMALL_SIZE
    "Width and height of the input in pixels."
    expected_s: float = 10.0

    @property
    def name(self) -> str:
        """Name of the step and of its folder."""
        parts = [self.check, self.engine, self.precision]
        if self.check in ("pictures", "speed"):
            parts.append(f"{self.size[1]}p")
        return "-".join(part for part in parts if part)

    @property
    def limit_s(self) -> float:
        """Time after which the step is ended."""
        return max(MIN_LIMIT_S, LIMIT_FACTOR * self.expected_s)

    @property
    def model(self) -> str:
        """Net that the step runs."""
        return MODELS.get(self.engine, GRAPH_MODEL)

    @property
    def batches(self) -> tuple[int, ...]:
        """Frames in one call, each of them measured."""
        greatest = _MAX_BATCH.get(self.engine, max(BATCHES))
        return tuple(count for count in BATCHES if count <= greatest)


def steps_of(engines: Sequence[str], *, on_gpu: bool = True) -> tuple[Step, ...]:
    """Returns all steps for these engines, the most telling first."""
    precisions = {engine: PRECISIONS[engine] for engine in engines}
    if not on_gpu and "torch" in precisions:
        precisions["torch"] = ("fp32",)  # on processors it computes in nothing else
    return tuple(step for each in _in_order(precisions) for step in each)


def _in_order(precisions: Mapping[str, tuple[str, ...]]) -> Iterator[list[Step]]:
    engines = tuple(precisions)
    yield [Step("operators", "graphs", expected_s=5.0)]
    yield [_pictures(engine, precisions[engine][0]) for engine in engines]
    yield [_contract(engine) for engine in engines]
    # The first engine is the one that would be used: its speed tells more than another's picture.
    for named in (engines[:1], engines[1:2]):
        yield [_speed(each, precisions[each][0], size) for each in named for size in SIZES]
    for rank in (1, 2):
        for each in engines:
            for precision in precisions[each][rank : rank + 1]:
                yield [_pictures(each, precision)]
                yield [_speed(each, precision, SMALL_SIZE)]
    for each in engines[2:]:
        yield [_speed(each, precisions[each][0], size) for size in SIZES]
    for each in engines:
        for precision in precisions[each][1:]:
            yield [_speed(each, precision, size) for size in SIZES[1:]]


def _pictures(engine: str, precision: str) -> Step:
    seconds = _START_S + _BUILD_S.get(engine, 1.0) + 4.0
    return Step("pictures", engine, precision, expected_s=seconds)


def _contract(engine: str) -> Step:
    return Step("contract", engine, expected_s=_CONTRACT_S.get(engine, 25.0))


def _speed(engine: str, precision: str, size: tuple[int, int]) -> Step:
    step = Step("speed", engine, precision, size)
    # The plan of the small size for one frame is there since the pictures were compared.
    built = len(step.batches) - (size == SMALL_SIZE)
    seconds = _START_S + built * _BUILD_S.get(engine, 1.0) + _SUSTAINED_S
    calls_s = _CALL_S * len(step.batches) * len(STREAMS)
    return dataclasses.replace(step, expected_s=seconds + calls_s)


class Budget:
    """Hands out the steps that still fit, in order, and keeps those that did not."""

    def __init__(self, steps: Sequence[Step], budget_s: float = BUDGET_S) -> None:
        self._waiting = list(steps)
        self._budget_s = budget_s
        self.left_out: list[Step] = []
        "Steps for which no time was left, in order."

    def next_step(self, *, spent_s: float) -> tuple[Step, float] | None:
        """Returns the next step with its time limit in seconds; None if nothing fits any more."""
        remaining_s = self._budget_s - spent_s
        while self._waiting:
            step = self._waiting.pop(0)
            # A later, shorter step may still fit where this one does not.
            if step.expected_s <= remaining_s:
                return step, min(step.limit_s, remaining_s)
            self.left_out.append(step)
        return None
