"""All that is needed to mend a failed step without the machine that it failed on."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import os
import platform
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gpu_check import gpu
from benchmarks.gpu_check.plan import Step
from models.manifest import ZOO, load_manifest, model_file
from workers.engines.engine import EngineInfo, variant_for
from workers.engines.registry import engine_reasons, make_engine
from workers.errors import WorkerError

log = logging.getLogger(__name__)

PACKAGES = re.compile(r"(?i)^(torch|onnx|tensorrt|pycuda|nvidia|openvino|numpy|numba|cuda|triton)")
"""Packages whose versions may matter."""

ENVIRONMENT = re.compile(r"^(CUDA|NVIDIA|LD_|ORT_|TRT_|PATH$|SHARPCAST_|VIRTUAL_ENV)")
"""Environment variables that may matter; none of these holds a secret but the tokens below."""

SECRETS = re.compile(r"TOKEN|SECRET|PASSWORD|KEY|URL")

LIBRARIES = re.compile(r"cuda|cudnn|cublas|curand|cufft|nvinfer|nvonnx|nvrtc|onnxruntime|torch")


def collect(step: Step, folder: Path) -> None:
    """Writes everything about a failed step into its folder."""
    (folder / "versions.txt").write_text("\n".join(versions()) + "\n")
    (folder / "environment.txt").write_text("\n".join(environment()) + "\n")
    (folder / "nvidia-smi.txt").write_text(gpu.full_report())
    (folder / "libraries.txt").write_text("\n".join(loaded_libraries()) + "\n")
    (folder / "engines.json").write_text(json.dumps(engine_reasons(), indent=1))
    if step.check in ("pictures", "speed"):
        (folder / "nodes.txt").write_text(_nodes(step))
        if step.engine.startswith("onnxruntime-"):
            _open_verbosely(step)


def versions() -> Iterator[str]:
    """Yields Python, the system, and the packages that may matter with their versions."""
    yield f"Python {platform.python_version()} on {platform.platform()}, {platform.libc_ver()}"
    for each in sorted(importlib.metadata.distributions(), key=lambda found: found.name.lower()):
        if PACKAGES.match(each.name):
            yield f"{each.name}=={each.version}"


def environment() -> Iterator[str]:
    """Yields the environment variables that may matter, without secrets."""
    for name, value in sorted(os.environ.items()):
        if ENVIRONMENT.match(name) and not SECRETS.search(name):
            yield f"{name}={value}"


def loaded_libraries(maps: Path = Path("/proc/self/maps")) -> list[str]:
    """Returns the files of the libraries that this process has loaded and that may matter."""
    paths = {line.split(maxsplit=5)[-1] for line in maps.read_text().splitlines() if "/" in line}
    return sorted(path for path in paths if LIBRARIES.search(path) and ".so" in path)


def _nodes(step: Step) -> str:
    try:
        from benchmarks.gpu_check.operators import dump_for

        return dump_for(_info(step), step.model, step.precision, *step.size)
    except (ImportError, WorkerError) as error:
        return f"no dump: {error}\n{traceback.format_exc()}"


def _info(step: Step) -> EngineInfo:
    engine = make_engine(step.engine, threads=1)
    try:
        return engine.info
    finally:
        engine.close()


def _open_verbosely(step: Step) -> None:
    """Opens the file once more with the runtime's full log, which goes to ``stderr.txt``."""
    import onnxruntime

    manifest = load_manifest(step.model, ZOO)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 0
    name = "Tensorrt" if step.engine == "onnxruntime-tensorrt" else "CUDA"
    try:
        path = model_file(manifest, variant_for(_info(step), manifest, step.precision).file, ZOO)
        onnxruntime.set_default_logger_severity(0)
        onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=[f"{name}ExecutionProvider"]
        )
    except Exception:  # the runtime's errors share no root; all that counts is its log
        log.exception("the runtime refuses the file", extra={"action": "gpu_check"})
