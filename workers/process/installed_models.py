"""The models that a worker has, and their part of its heartbeat."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

from models.errors import ModelError
from models.manifest import ZOO, Manifest, list_models, weights_file
from wire.heartbeat import ModelInfo

log = logging.getLogger(__name__)


def list_installed(root: Path = ZOO) -> list[Manifest]:
    """Returns the manifests of the zoo by name; none, and a line in the log, if one is damaged."""
    try:
        return list_models(root)
    except ModelError as error:
        # A damaged model that nobody asked for must not stop the worker. The default model is read
        # by its own name, so its damage still does.
        log.warning("the zoo cannot be listed: %s", error, extra={"action": "zoo_damaged"})
        return []


def model_info(manifest: Manifest, *, models_dir: Path) -> ModelInfo:
    """Returns what the heartbeat says of a model; ``models_dir`` holds weights that users fetch."""
    return ModelInfo(
        name=manifest.name,
        title=manifest.title,
        scale=manifest.scale,
        macs_per_pixel=manifest.macs_per_pixel,
        parameters=manifest.parameters,
        licence=manifest.licence,
        precisions=sorted(manifest.files) or ["fp32"],
        strength=manifest.strength,
        missing=missing(manifest, models_dir),
    )


def missing(manifest: Manifest, models_dir: Path) -> str:
    """Returns why the model cannot be used here; empty if it can."""
    if manifest.architecture is None:
        return ""
    try:
        weights_file(manifest, models_dir=models_dir)
    except ModelError as error:
        return str(error)
    # torch is not imported here: that takes seconds and 180 MiB, and few workers need it.
    is_there = importlib.util.find_spec("torch") is not None
    return "" if is_there else "It needs torch, which is not installed."
