"""Inference runtimes behind one small Protocol, chosen from an explicit table, loaded on use.

Owns: what each runtime needs to load a net and run it on luma planes. Must not know: streams,
queues, chroma, time. Open first: ``engine.py`` (the Protocols), then ``openvino.py``.
"""

from __future__ import annotations

import importlib
import os

from workers.engines.engine import Engine
from workers.errors import EngineUnavailable

TABLE = {
    "openvino": "workers.engines.openvino:OpenVinoEngine",
    "onnxruntime": "workers.engines.onnxruntime:OnnxRuntimeEngine",
    "torch": "workers.engines.torch:TorchEngine",
}
"""Name to ``module:Class``; the order is the order of preference of ``auto``."""

GRAPHS = ("openvino", "onnxruntime")
"""The engines for models that are ONNX graphs; ``torch`` runs those that have an architecture."""


def make_engine(name: str, *, threads: int) -> Engine:
    """The engine of that name, or the first usable one for ``auto``. Raises EngineUnavailable.

    ``threads`` is how many the net may use, 0 for all cores but one: a net on all of them waits
    for whichever the decoder, the encoder or the app is using, and every frame is later.
    """
    threads = threads or max(1, (os.cpu_count() or 1) - 1)
    if name != "auto":
        return _load(name, threads)
    reasons = []
    for candidate in GRAPHS:
        try:
            return _load(candidate, threads)
        except EngineUnavailable as error:
            reasons.append(f"{candidate}: {error.reason}")
    raise EngineUnavailable("auto", "; ".join(reasons))


def engine_reasons() -> dict[str, str]:
    """Every engine of the table, with the reason why it is not usable, or an empty string."""
    found = {}
    for name in TABLE:
        try:
            _load(name, 1).close()
        except EngineUnavailable as error:
            found[name] = error.reason
        else:
            found[name] = ""
    return found


def _load(name: str, threads: int) -> Engine:
    if name not in TABLE:
        raise EngineUnavailable(name, f"it is none of {', '.join(TABLE)}")
    module_name, class_name = TABLE[name].split(":")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise EngineUnavailable(name, f"{error.name or error} is not installed") from error
    engine: Engine = getattr(module, class_name)(threads=threads)
    return engine
