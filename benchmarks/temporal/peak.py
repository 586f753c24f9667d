"""The peak rate of multiply-adds of one core, measured by plain kernels that stay in its caches.

``python -m benchmarks.temporal.peak`` prints it, on one thread whatever the linear algebra behind
numpy would like.
"""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops

from models.openvino_core import open_core

__all__ = ["Kernel", "best", "chain", "measure_peak"]

# The libraries behind numpy read these when they are loaded; later is too late.
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")

_SECONDS = 0.5
"""Seconds for which each kernel runs."""

_SGEMM_SIDES = (128, 192, 256, 320)
_CHAIN_SIDES = ((256, 8), (512, 4))
"""Sides of the matrices, and how many of them: at most a MiB in int8."""


@dataclasses.dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel that was tried."""

    precision: str
    "fp32 or int8."
    what: str
    gmacs: float
    "Thousand million multiply-adds a second, the best of many runs."


def measure_peak() -> list[Kernel]:
    """Measures all kernels in a process of its own: threads are counted when numpy is loaded."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.temporal.peak"],
        cwd=root,
        capture_output=True,
        text=True,
        env={**os.environ, **dict.fromkeys(_ONE_THREAD, "1")},
        check=True,
    )
    return [Kernel(**each) for each in json.loads(done.stdout)]


def best(kernels: list[Kernel], precision: str) -> Kernel:
    """Returns the fastest kernel of a precision: the rate that the core is held to."""
    return max((k for k in kernels if k.precision == precision), key=lambda k: k.gmacs)


def _all() -> list[Kernel]:
    found = []
    for side in _SGEMM_SIDES:
        what = f"numpy sgemm {side}x{side}x{side}"
        found.append(Kernel("fp32", what, _sgemm(side)))
    for precision in ("fp32", "int8"):
        for side, depth in _CHAIN_SIDES:
            what = f"OpenVINO, {depth} {precision} products {side}x{side}x{side} in a chain"
            found.append(Kernel(precision, what, _chained(side, depth, precision)))
    return found


def _sgemm(side: int) -> float:
    rng = np.random.default_rng(0)
    a, b = (rng.random((side, side), np.float32) for _ in range(2))
    out = np.empty_like(a)
    return _fastest(lambda: np.matmul(a, b, out=out), side**3)


def _chained(side: int, depth: int, precision: str) -> float:
    options = {
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    compiled = open_core().compile_model(chain(side, depth, precision), "CPU", options)
    request = compiled.create_infer_request()
    request.infer({0: np.random.default_rng(0).random((side, side), np.float32)})
    return _fastest(request.infer, depth * side**3)


def chain(side: int, depth: int, precision: str) -> openvino.Model:
    """``depth`` products with weights of 7 bits, as the nets' are, or floats. In int8 each is
    quantized to 8 bits as it is made, so that only the first reads floats.
    """
    rng = np.random.default_rng(0)
    given: Any = ops.parameter([side, side], np.float32)
    x = given
    low, high = np.float32(0.0), np.float32(2.55)
    for _ in range(depth):
        if precision == "int8":
            x = ops.fake_quantize(x, low, high, low, high, 256)
            whole = ops.constant(rng.integers(-63, 64, (side, side), np.int8))
            scale = ops.constant(np.float32(0.1 / side))
            weights = ops.multiply(ops.convert(whole, np.float32), scale)
        else:
            weights = ops.constant(rng.random((side, side), np.float32))
        x = ops.matmul(x, weights, False, False)
    return openvino.Model([x], [given], "chain")


def _fastest(run: Callable[[], Any], macs: int) -> float:
    until = time.perf_counter() + _SECONDS
    least = float("inf")
    # The fastest run is the one that nothing else on the machine disturbed.
    while (begun := time.perf_counter()) < until:
        run()
        least = min(least, time.perf_counter() - begun)
    return macs / least / 1e9


if __name__ == "__main__":
    print(json.dumps([dataclasses.asdict(kernel) for kernel in _all()]))
