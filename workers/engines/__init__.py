"""Inference runtimes behind one small Protocol, chosen from an explicit table, loaded on use.

Owns: what each runtime needs to load a net and run it on luma planes. Must not know: streams,
queues, chroma. Open first: ``engine.py`` (the Protocols), then ``openvino.py``; ``choice.py``
measures which one is the fastest here.
"""

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
"""Name to ``module:what makes it of EngineOptions``; where nothing is measured, ``auto`` takes the
first one that can be used."""

GRAPHS = ("openvino", "onnxruntime", "onnxruntime-cuda", "onnxruntime-tensorrt", "tensorrt")
"""The engines for models that are ONNX graphs; ``torch`` runs those that have an architecture."""

UNTRIED = ("onnxruntime-cuda", "onnxruntime-tensorrt", "tensorrt")
"""Engines that no machine was there for: they have not run on hardware yet."""


def make_engine(name: str, *, threads: int, cache_dir: Path | None = None) -> Engine:
    """The engine of that name, or the first usable one for ``auto``. Raises EngineUnavailable.

    ``threads`` is how many the net may use, 0 for all cores but one: a net on all of them waits
    for whichever the decoder, the encoder or the app is using, and every frame is later.
    """
    threads = threads or max(1, usable_cores() - 1)
    options = EngineOptions(threads=threads, cache_dir=cache_dir)
    if name != "auto":
        return _load(name, options)
    reasons = []
    for candidate in GRAPHS:
        try:
            return _load(candidate, options)
        except EngineUnavailable as error:
            reasons.append(f"{candidate}: {error.reason}")
    raise EngineUnavailable("auto", "; ".join(reasons))


def engine_reasons() -> dict[str, str]:
    """Every engine of the table, with the reason why it is not usable, or an empty string."""
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
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise EngineUnavailable(name, f"{error.name or error} is not installed") from error
    except ImportError as error:
        # Installed, but a library that it needs (of CUDA, say) is not there.
        raise EngineUnavailable(name, str(error).splitlines()[0].rstrip(".")) from error
    engine: Engine = getattr(module, maker)(options)
    return engine
