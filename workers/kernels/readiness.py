"""Readiness of the compiled loops of this process: a stream never waits for a compiler."""

from __future__ import annotations

import threading

# The thread that compiles sets it, and the threads of all streams read it for every frame.
_compiled = threading.Event()


def is_warm() -> bool:
    """True once all loops are compiled; never where they run as plain Python, which no live stream
    could wait for.
    """
    return _compiled.is_set()


def set_warm() -> None:
    """Notes that all loops are compiled; for whoever compiled them."""
    _compiled.set()
