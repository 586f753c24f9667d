"""Switches that keep the libraries we use from reporting to their makers.

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

ABSENT = "openvino_telemetry"
"""OpenVINO forks a process that asks for its maker's collector; it has no switch but a file in the
user's home. Where the package is missing it uses a stand-in of its own, so we let it be missing."""


def turn_off() -> None:
    """Turns off what reports. Call it before the libraries are imported; repeating it is free.

    What a program that embeds us has loaded already is left as it is.
    """
    for name, value in SWITCHES.items():
        os.environ[name] = value
    # None in the table of modules makes the import of that name fail (importlib's documentation).
    sys.modules.setdefault(ABSENT, None)  # type: ignore[arg-type]
