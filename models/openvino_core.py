"""Opens OpenVINO so that signals go on reaching the process that uses it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openvino


def open_core() -> Any:
    """Returns an ``openvino.Core`` with its CPU plug-in loaded.

    The plug-in gives the thread that loads it an alternate signal stack, and unmaps that memory
    when the last user of the core is gone, in whatever thread that happens. If the thread that
    loaded it still lives, its next signal has no stack, and the kernel ends the process with a
    segmentation fault that no handler sees: a worker that is told to stop would crash instead. So
    a thread loads it that ends at once, and nobody is left with that stack.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="openvino-load") as pool:
        return pool.submit(_load).result()


def _load() -> Any:
    core = openvino.Core()
    core.get_property("CPU", "FULL_DEVICE_NAME")  # the plug-in is loaded at its first use
    return core
