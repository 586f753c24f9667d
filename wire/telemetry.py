"""Switches that keep the libraries we use from reporting to their makers, and from loading slowly.

Two of them do so by themselves, at import or a little later, without a question. They look up
names and open connections, which devices behind firewalls answer with silence. Every package of
ours that may load them calls ``turn_off`` in its ``__init__``, which is before any of its imports.
"""

from __future__ import annotations

import os
import sys

SWITCHES = {
    # ONNX Runtime, since 1.28: a thread that uploads, and a data base in the user's cache folder.
    "ORT_DISABLE_TELEMETRY": "1",
    # Libraries around Hugging Face's hub, which user-made nets may bring.
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DISABLE_TELEMETRY": "1",
    # The common switch of https://consoledonottrack.com, for what comes in later.
    "DO_NOT_TRACK": "1",
}
"""Environment variables that turn reports off, here and in all children."""

ABSENT = ("openvino_telemetry", "openvino.tools.ovc")
"""The first asks OpenVINO's maker's collector from a process of its own; it has no switch but a
file in the user's home. Where it is missing OpenVINO has a stand-in. The second converts models of
other kinds, which nobody here does, and is half of the time in which OpenVINO is imported: 0.4 s of
each start of a worker. OpenVINO tries to import it and goes on without."""


def turn_off() -> None:
    """Turns off what reports. Call it before the libraries are imported; repeating it is free.

    What a program that embeds us has loaded already is left as it is.
    """
    for name, value in SWITCHES.items():
        os.environ[name] = value
    # None in the table of modules makes the import of that name fail (importlib's documentation).
    for name in ABSENT:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
