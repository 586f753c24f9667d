"""Every net of the table that enhances a running video, small enough for a test."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, dict[str, Any]] = {
    "edvr": {"channels": 8, "groups": 2, "extract": 1, "reconstruct": 1, "tail": 8, "window": 3},
    "tdan": {"channels": 8, "groups": 2, "extract": 1, "reconstruct": 1, "window": 3},
    "basicvsr-causal": {
        "channels": 8,
        "blocks": 1,
        "tail": 8,
        "flow_levels": 3,
        "flow_channels": 8,
    },
    "unet": {"channels": 8, "blocks": [1, 1, 1]},
}

SHAPES = [{"colours": 3, "scale": 4}, {"colours": 1, "scale": 2}]
