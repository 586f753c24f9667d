"""Writes one directory of the zoo: the ONNX files, their hashes and the manifest."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import cast

import msgspec
import onnx

from models.graph.plain import PlainNet
from models.graph.writer import INPUT, OUTPUT, PREVIOUS, STRENGTH
from models.manifest import (
    FORMAT,
    MANIFEST,
    FileEntry,
    Manifest,
    Material,
    Metric,
    Precision,
    TensorSpec,
    Training,
    mean_gain_db,
)

__all__ = ["LICENCE", "MATERIAL", "describe", "write_files", "write_manifest"]

LICENCE = "CC-BY-SA-4.0"
"""Licence of the weights: the strictest of their training material, so that it holds whether or not
weights are an adaptation of their material.
"""

MATERIAL = (
    Material(
        "Big Buck Bunny, two passages without 80 to 90 s and 320 to 340 s",
        "CC-BY-3.0",
        "(c) Blender Foundation, peach.blender.org",
    ),
    Material(
        "lomiri-wallpapers 16.04 and 20.04: photographs, authors in models/zoo/README.md",
        "CC-BY-SA-4.0 and CC-BY-4.0",
        "Debian packages lomiri-wallpapers-16.04, lomiri-wallpapers-20.04",
    ),
    Material(
        "mate-backgrounds: photographs",
        "GPL-2.0-or-later / CC-BY-SA-4.0",
        "Debian package mate-backgrounds",
    ),
    Material(
        "Plasma wallpapers: renderings",
        "GPL-2.0-or-later and LGPL",
        "Debian package plasma-workspace-wallpapers",
    ),
    Material("rendered screens", "Apache-2.0", "models/training/screen.py"),
    Material("rendered games", "Apache-2.0", "models/training/game.py"),
    Material(
        "camera clips bedroom_kids, dog_walk, toy_blocks, ball_juggle",
        "Apache-2.0",
        "Meta Platforms, facebookresearch/sam2",
    ),
    Material(
        "camera clip road_white_right",
        "MIT",
        "(c) 2016-2019 Udacity, Inc., udacity/CarND-LaneLines-P1",
    ),
    Material(
        "camera clip gopro_coast_aerial", "Apache-2.0 or MIT", "GoPro Inc., gopro/gpmf-parser"
    ),
    Material("camera clips bee, butterfly", "CC0-1.0", "pixabay, by flutter/assets-for-api-docs"),
    Material("camera clip flower", "CC0-1.0", "mdn/shared-assets"),
    Material(
        "camera clip nails_hand",
        "BSD-3-Clause",
        "(c) 2013 The Flutter Authors, flutter/assets-for-api-docs",
    ),
    Material(
        "camera clip dusk_facade",
        "Apache-2.0",
        "Amazon.com, Inc., awslabs/amazon-kinesis-video-streams-producer-c",
    ),
    Material(
        "camera clips rooftop_pan, rooftop_phone, face_selfie, face_office",
        "Apache-2.0",
        "The Android Open Source Project, androidx/media",
    ),
    Material(
        "camera clip tos_indoor: Tears of Steel",
        "CC-BY-3.0",
        "(CC) Blender Foundation, mango.blender.org",
    ),
)


def write_files(
    models: dict[Precision, onnx.ModelProto], folder: Path
) -> dict[Precision, FileEntry]:
    """Saves each graph as `PRECISION.onnx` in `folder`; returns the manifest's entries for them."""
    folder.mkdir(parents=True, exist_ok=True)
    entries: dict[Precision, FileEntry] = {}
    for precision, model in models.items():
        # Protobuf promises no bytes of its own; the deterministic ones of one net keep their hash.
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
    return Manifest(
        format=FORMAT,
        name=name,
        title=title,
        scale=net.scale,
        previous=net.past is not None,
        strength=net.has_styles,
        receptive_radius=net.receptive_radius,
        macs_per_pixel=net.macs_per_pixel,
        parameters=net.parameters,
        inputs=_inputs(net),
        output=TensorSpec(OUTPUT, "uint8", f"1,1,{net.scale}H,{net.scale}W", LEVELS),
        files=files,
        default_precision="int8" if "int8" in files else "fp32",
        training=training,
        licence=licence,
    )


LEVELS = (0.0, 255.0)


def _inputs(net: PlainNet) -> tuple[TensorSpec, ...]:
    specs = [TensorSpec(INPUT, "uint8", "1,1,H,W", LEVELS)]
    if net.past is not None:
        specs.append(TensorSpec(PREVIOUS, "uint8", f"1,1,{net.scale}H,{net.scale}W", LEVELS))
    if net.has_styles:
        specs.append(TensorSpec(STRENGTH, "float32", "1", (0.0, 1.0)))
    return tuple(specs)


def write_manifest(manifest: Manifest, metrics: tuple[Metric, ...], folder: Path) -> Manifest:
    """Saves the manifest with these measurements in place of what it held."""
    measured_as = sorted({precision for row in metrics for precision in row.net_db})
    gains = {key: round(mean_gain_db(metrics, key), 3) for key in measured_as}
    measured = msgspec.structs.replace(manifest, metrics=metrics, mean_gain_db=gains)
    text = msgspec.json.format(msgspec.json.encode(measured), indent=1)
    (folder / MANIFEST).write_bytes(text + b"\n")
    return measured
