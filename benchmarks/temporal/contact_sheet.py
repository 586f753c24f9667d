"""Pictures: what came in, what became of each cell, what went out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.material import BITS_PER_PIXEL
from benchmarks.temporal.coded import Coded, coded_frames
from benchmarks.temporal.material import KINDS, SCALE, Material
from benchmarks.temporal.nets import free_net
from models.manifest import load_manifest
from models.training.clip import Bytes
from models.training.codec import LiveEncoder
from workers.media.frame_info import CELL, cells
from workers.temporal.motion_search import Hints, Motion, Planes, match
from workers.temporal.padding import bordered
from workers.temporal.picture_match import MAX_STILL_SQUARES
from workers.temporal.propagator import Propagator
from workers.temporal.region_selection import Region
from workers.upscale.temporal_upscaler import MAX_WANTED_FRACTION

__all__ = ["COLOURS", "Fate", "draw_contact_sheet", "fates"]

WIDTH = 480
GAP = 6

COLOURS: dict[str, tuple[int, int, int]] = {
    "stood still": (200, 200, 200),
    "moved": (230, 150, 40),
    "resized": (60, 60, 220),
    "by the net": (70, 190, 70),
}
"""Fates of a cell, each with its colour as blue, green, red."""

Fate = npt.NDArray[np.uint8]
"""[rows, columns] of cells: a place in COLOURS."""


def draw_contact_sheet(net: str, materials: Sequence[Material], path: Path) -> None:
    """Draws a row for the last frame of each material, coded as H.264, into the file ``path``."""
    rows = []
    for material in materials:
        frames = list(coded_frames(material, LiveEncoder("h264", BITS_PER_PIXEL)))
        fate, made = fates(net, material, frames)
        seen = frames[-1].picture.y
        parts = [_grey(seen), _mapped(seen, fate), _grey(made)]
        large = [cv2.resize(part, _size(seen), interpolation=cv2.INTER_AREA) for part in parts]
        row = np.hstack([np.pad(x, ((0, GAP), (0, GAP), (0, 0))) for x in large])
        rows += [
            _caption(row.shape[1], f"{KINDS[material.kind]}: decoded, what was done, enhanced"),
            row,
        ]
    if not cv2.imwrite(str(path), np.vstack([_legend(rows[0].shape[1]), *rows])):
        raise OSError(f"{path} could not be written")


def fates(net: str, material: Material, frames: Sequence[Coded]) -> tuple[Fate, Bytes]:
    """Returns the fate of each cell of the last frame, and its enhanced luma."""
    manifest = load_manifest(net)
    halo = manifest.receptive_radius
    height, width = material.small.shape[1:]
    runtime = free_net(manifest, "int8", width, height)
    propagator = Propagator(width, height, SCALE, halo)
    fate: Fate = np.zeros(cells(width, height), np.uint8)
    before: Bytes | None = None
    most = int(MAX_WANTED_FRACTION * (width + 2 * halo) * (height + 2 * halo))
    for coded in frames:
        luma = np.ascontiguousarray(coded.picture.y)
        report = propagator.predict(luma, coded.info)
        fate = _predicted(propagator, luma, before, coded)
        everything = [Region(0, 0, height, width)]
        regions = everything if report.must_be_full else propagator.regions(most)
        # Regions may reach beyond the picture by part of a cell.
        more = halo + CELL
        seen = np.asarray(
            cv2.copyMakeBorder(luma, halo, more, halo, more, cv2.BORDER_REPLICATE), np.uint8
        )
        for region in regions:
            bottom = region.top + region.height + 2 * halo
            right = region.left + region.width + 2 * halo
            cut = np.ascontiguousarray(seen[region.top : bottom, region.left : right])
            propagator.apply_region(runtime.run(cut, 0.0), region, halo, halo)
            fate[region.cells()] = list(COLOURS).index("by the net")
        propagator.commit()
        before = luma
    return fate, propagator.enlarged


def _predicted(propagator: Propagator, luma: Bytes, before: Bytes | None, coded: Coded) -> Fate:
    """Returns the fate of each cell before the net ran, by the tests of the propagator itself."""
    height, width = luma.shape
    grid = cells(width, height)
    moved = np.zeros(grid, np.bool_)
    motion = coded.info.motion
    if before is not None and motion is not None:
        found = Motion.blank(*grid)
        hints = Hints(motion.dx, motion.dy, motion.valid)
        match(Planes(bordered(luma), bordered(before)), hints, MAX_STILL_SQUARES, found)
        moved = (found.dx != 0) | (found.dy != 0)
    names = list(COLOURS)
    fate = np.where(moved, names.index("moved"), names.index("stood still"))
    # The order of tests is the propagator's: a cell whose error exceeds what the net would remove
    # is resized, however it was predicted.
    return np.where(
        propagator.state.error >= propagator.state.gain, names.index("resized"), fate
    ).astype(np.uint8)


def _mapped(luma: Bytes, fate: Fate) -> Bytes:
    """Returns the picture as BGR, each cell tinted by the colour of its fate."""
    tints = np.array(list(COLOURS.values()), np.float32)[fate]
    large = tints.repeat(CELL, axis=0).repeat(CELL, axis=1)[: luma.shape[0], : luma.shape[1]]
    return np.asarray(0.5 * luma[:, :, None] + 0.5 * large, np.float32).astype(np.uint8)


def _grey(luma: Bytes) -> Bytes:
    return np.repeat(luma[:, :, None], 3, axis=2)


def _size(seen: Bytes) -> tuple[int, int]:
    return WIDTH, round(WIDTH * seen.shape[0] / seen.shape[1])


def _caption(width: int, text: str) -> Bytes:
    band = np.full((26, width, 3), 255, np.uint8)
    cv2.putText(band, text, (8, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return band


def _legend(width: int) -> Bytes:
    band = np.full((30, width, 3), 255, np.uint8)
    for number, (name, colour) in enumerate(COLOURS.items()):
        left = 8 + 200 * number
        cv2.rectangle(band, (left, 6), (left + 18, 24), colour, -1)
        at = (left + 26, 20)
        cv2.putText(band, name, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
    return band
