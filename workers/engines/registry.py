"""Table of the inference engines, and how one is opened by its name."""

from __future__ import annotations

import importlib
from pathlib import Path

from workers.engines.engine import Engine, EngineOptions
from workers.errors import EngineUnavailable
from workers.runtime.cores import usable_cores

TABLE = {
    "openvino": "workers.engines.openvino:OpenVinoEngine",
    "onnxruntime": "workers.engines.onnxruntime:on_cpu",
    "onnxruntime-cuda": "workers.engines.onnxruntime:on_cuda",
    "onnxruntime-tensorrt": "workers.engines.onnxruntime:on_tensorrt",
    "tensorrt": "workers.engines.tensorrt.device:open_engine",
    "torch": "workers.engines.torch:TorchEngine",
}
"""Engine names with ``module:factory``; a factory takes EngineOptions. Where nothing is measured,
``auto`` takes the first engine that can be used."""

GRAPHS = ("openvino", "onnxruntime", "onnxruntime-cuda", "onnxruntime-tensorrt", "tensorrt")
"""Engines for models that are ONNX graphs; ``torch`` runs models that have an architecture."""

UNVERIFIED = ("onnxruntime-cuda", "onnxruntime-tensorrt", "tensorrt")
"""Engines that have not run on hardware yet, since no machine for them was at hand."""


def make_engine(name: str, *, threads: int, cache_dir: Path | None = None) -> Engine:
    """Returns the named engine, or the first usable one for ``auto``. Raises EngineUnavailable.

    ``threads`` limits the threads of one call; 0 means all cores but one. A net on all cores waits
    for the core that the decoder, the encoder or the app is using, so every frame is later.
    """
    threads = threads or max(1, usable_cores() - 1)
    options = EngineOptions(threads=threads, cache_dir=cache_dir)
    if name != "auto":
        return _load(name, options)
    reasons = []
    for candidate in GRAPHS:
        try:
            # The order of the table counts: the first engine that opens is taken unmeasured.
            return _load(candidate, options)
        except EngineUnavailable as error:
            reasons.append(f"{candidate}: {error.reason}")
    raise EngineUnavailable("auto", "; ".join(reasons))


def engine_reasons() -> dict[str, str]:
    """Returns for every engine why it cannot be used, or an empty string if it can."""
    found = {}
    for name in TABLE:
        try:
            _load(name, EngineOptions()).close()
        except EngineUnavailable as error:
            found[name] = error.reason
        else:
            found[name] = ""
    return found


def _load(name: str, options: EngineOptions) -> Engine:
    if name not in TABLE:
        raise EngineUnavailable(name, f"it is none of {', '.join(TABLE)}")
    module_name, maker = TABLE[name].split(":")
    try:
        # Importing a runtime takes up to seconds, and OpenVINO starts a process (decision 41), so
        # only those in use are imported.
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise EngineUnavailable(name, f"{error.name or error} is not installed") from error
    except ImportError as error:
        # The package is installed, but a library that it needs (of CUDA, say) is missing.
        raise EngineUnavailable(name, str(error).splitlines()[0].rstrip(".")) from error
    engine: Engine = getattr(module, maker)(options)
    return engine
