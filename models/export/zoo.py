"""Writes one directory of the zoo: the ONNX files, their hashes and the manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import cast

import msgspec
import onnx

from models.export.graph import INPUT, OUTPUT
from models.export.plain import PlainNet
from models.manifest import (
    FORMAT,
    MANIFEST,
    FileEntry,
    Manifest,
    Metric,
    Precision,
    TensorSpec,
    Training,
    mean_gain_db,
)

__all__ = ["describe", "write_files", "write_manifest"]


def write_files(
    models: dict[Precision, onnx.ModelProto], folder: Path
) -> dict[Precision, FileEntry]:
    """Saves each graph as `PRECISION.onnx` in `folder`; returns the manifest's entries for them."""
    folder.mkdir(parents=True, exist_ok=True)
    entries: dict[Precision, FileEntry] = {}
    for precision, model in models.items():
        data = cast(bytes, model.SerializeToString(deterministic=True))
        (folder / f"{precision}.onnx").write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        entries[precision] = FileEntry(f"{precision}.onnx", digest, len(data))
    return entries


def describe(
    name: str,
    title: str,
    net: PlainNet,
    files: dict[Precision, FileEntry],
    training: Training,
    licence: str,
) -> Manifest:
    """The manifest of a net that was not measured yet. int8 is the default where there is one: it
    is the faster.
    """
    bytes_range = (0.0, 255.0)
    return Manifest(
        format=FORMAT,
        name=name,
        title=title,
        scale=net.scale,
        colour="luma",
        window=1,
        size_multiple=net.fold,
        receptive_radius=net.receptive_radius,
        macs_per_pixel=net.macs_per_pixel,
        parameters=net.parameters,
        input=TensorSpec(INPUT, "uint8", "1,1,H,W", bytes_range),
        output=TensorSpec(OUTPUT, "uint8", f"1,1,{net.scale}H,{net.scale}W", bytes_range),
        files=files,
        default_precision="int8" if "int8" in files else "fp32",
        metrics=(),
        mean_gain_db={},
        training=training,
        licence=licence,
    )


def write_manifest(manifest: Manifest, metrics: tuple[Metric, ...], folder: Path) -> Manifest:
    """Saves the manifest with these measurements in place of what it held."""
    gains = {key: round(mean_gain_db(metrics, key), 3) for key in manifest.files} if metrics else {}
    measured = msgspec.structs.replace(manifest, metrics=metrics, mean_gain_db=gains)
    text = msgspec.json.format(msgspec.json.encode(measured), indent=1)
    (folder / MANIFEST).write_bytes(text + b"\n")
    return measured
