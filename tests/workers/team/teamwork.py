"""Small parts of a helper without Redis: pictures, a net that is known exactly, and its maker."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from models.manifest import load_manifest
from tests.workers.temporal.scenes import net, texture
from workers.errors import DeviceFailed
from workers.media.picture import Picture
from workers.team.recent_pictures import RecentPictures
from workers.team.region_maker import RegionMaker
from workers.team.task_queue import HelperTask, TeamKey
from workers.temporal.region_selection import Region
from workers.upscale.region_net import RegionNet

WIDTH, HEIGHT = 100, 70
TEAM = TeamKey("cam1", "enhanced", "lead")
MODEL = load_manifest("live-s")


class KnownNet:
    """The net of the temporal tests; may be made to wait, to fail, or to be slow."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.entered = threading.Event()
        self.error: Exception | None = None
        self.sizes: list[tuple[int, ...]] = []
        self.before: Callable[[], None] = lambda: None

    def run(self, luma: np.ndarray, strength: float) -> np.ndarray:
        self.entered.set()
        assert self.go_on.wait(10)
        self.before()
        if self.error is not None:
            raise self.error
        self.sizes.append(luma.shape)
        return net(luma) if strength == 0.0 else 255 - net(luma)


def fails() -> DeviceFailed:
    """An error of a device."""
    return DeviceFailed("the device is gone")


def picture(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """A texture."""
    made = Picture.blank(width, height)
    made.y[:] = texture(height, width, seed)
    return made


def kept(*sequences: int) -> RecentPictures:
    """Pictures of these units, each another one."""
    pictures = RecentPictures()
    for sequence in sequences:
        pictures.read(sequence)
        pictures.put(sequence, picture(sequence), at=sequence / 30)
    return pictures


def maker(session: KnownNet, *sequences: int) -> RegionMaker:
    """A maker with pictures of these units."""
    return RegionMaker(kept(*sequences), RegionNet(MODEL, session), strength=0.0)


def task(
    number: int,
    sequence: int,
    *regions: Region,
    deadline: float,
    team: TeamKey = TEAM,
    quality: int = 20,
) -> HelperTask:
    """A task for regions, or for one of 16x16."""
    regions = regions or (Region(8, 16, 16, 16),)
    samples = sum((each.height + 14) * (each.width + 14) for each in regions)
    return HelperTask(team, number, sequence, regions, quality, 0.0, deadline, samples)
