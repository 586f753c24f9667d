"""Nets on ONNX Runtime's CPU provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from models.manifest import Manifest
from workers.engines.engine import (
    Array,
    CompiledNet,
    EngineInfo,
    Feeds,
    Session,
    out_shape,
    shape_of,
)
from workers.errors import NetUnusable


class OnnxRuntimeEngine:
    """Slower than OpenVINO on most processors, but there where OpenVINO is not."""

    def __init__(self, *, threads: int) -> None:
        self._threads = threads

    @property
    def info(self) -> EngineInfo:
        """Its name, version and device."""
        return EngineInfo(
            name="onnxruntime",
            version=str(onnxruntime.__version__),
            device="CPU",
            threads=self._threads,
        )

    def compile(self, manifest: Manifest, path: Path, *, width: int, height: int) -> CompiledNet:
        """The net of an ONNX file; the size is checked by one run."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        # Spinning threads would take the cores from the decoder and the encoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            runtime = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
            net = _CompiledNet(runtime)
            blank = {
                spec.name: np.zeros(shape_of(spec, width=width, height=height), spec.dtype)
                for spec in manifest.inputs
            }
            shape = net.infer(blank).shape
        except Exception as error:  # the runtime's errors share no other root
            text = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
            raise NetUnusable(f"ONNX Runtime cannot load {path.name}: {text}.") from error
        if shape != out_shape(manifest, width=width, height=height):
            raise NetUnusable(f"{path.name} gives {shape} for an input of {width}x{height}.")
        return net

    def close(self) -> None:
        """Nothing is held beyond the compiled nets."""


class _CompiledNet:
    """The runtime's session is safe for several threads, so it is everybody's session."""

    def __init__(self, runtime: Any) -> None:
        self._runtime = runtime
        self._ranks = {port.name: len(port.shape) for port in runtime.get_inputs()}

    def session(self) -> Session:
        return self

    def infer(self, feeds: Feeds) -> Array:
        result: Array = self._runtime.run(None, dict(feeds))[0]
        return result

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        batch = {}
        for name, rank in self._ranks.items():
            value = np.ascontiguousarray(feeds[name])
            batch[name] = value.reshape((1,) * (rank - value.ndim) + value.shape)
        np.copyto(enhanced, self.infer(batch)[0, 0])

    def reset(self) -> None:
        """Graphs remember nothing."""
