"""Compiling ahead of time: a stream never waits for it."""

from __future__ import annotations

import threading

import numpy as np

from workers.reuse import vp8
from workers.reuse.compiled import IS_COMPILED
from workers.reuse.reuser import Reuser

__all__ = ["is_warm", "start", "warm_up"]

_warm = threading.Event()


def is_warm() -> bool:
    """True once all loops are compiled; never where they run as plain Python, which no live stream
    could wait for.
    """
    return _warm.is_set()


def warm_up() -> None:
    """Compiles all loops, or loads them: many seconds at the first call on a machine, then about
    one.
    """
    if not IS_COMPILED or _warm.is_set():
        return
    vp8.warm_up()
    luma = (np.indices((48, 64)).sum(axis=0) % 251).astype(np.uint8)
    enlarged = np.empty((96, 128), np.uint8)
    reuser = Reuser(64, 48, 2, 7)
    for picture in (luma, luma[::-1], luma):
        outlook = reuser.begin(picture, None, enlarged)
        if outlook.must_be_full:
            reuser.take_full(enlarged.copy(), 0, 0, enlarged)
        for region in reuser.regions(luma.size):
            reuser.take(enlarged.copy(), region, region.top, region.left, enlarged)
        reuser.end(enlarged)
    _warm.set()


def start() -> threading.Thread:
    """On a thread of its own, which ends with the process."""
    thread = threading.Thread(target=warm_up, name="reuse-compiler", daemon=True)
    thread.start()
    return thread
