"""Table of the reference systems by name, and how one is built from its settings."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from torch import nn

__all__ = ["NETS", "UnknownNet", "build"]

NETS = {
    "edvr": ("models.nets.edvr", "EDVR", "EDVRConfig"),
    "tdan": ("models.nets.tdan", "TDAN", "TDANConfig"),
    "basicvsr": ("models.nets.basicvsr", "BasicVSR", "BasicVSRConfig"),
    "basicvsr-causal": ("models.nets.basicvsr", "CausalBasicVSR", "BasicVSRConfig"),
    "unet": ("models.nets.unet", "UNetVSR", "UNetConfig"),
}
"""Name to module, class and config class. All but `basicvsr`, which needs the whole clip, are
VideoNets. A new net is live once it stands here and a manifest names it.
"""


class UnknownNet(ValueError):
    """There is no net of this name, or it has no such settings."""


def build(net: str, config: Mapping[str, Any]) -> nn.Module:
    """A net with fresh weights. Raises UnknownNet."""
    if net not in NETS:
        raise UnknownNet(f"there is no net {net!r}; there are {', '.join(sorted(NETS))}")
    module_name, class_name, config_name = NETS[net]
    # Imported on use, so that a process loads only the net that it runs.
    module = importlib.import_module(module_name)
    # JSON has lists only; the frozen configs hold tuples, which can be compared and hashed.
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in config.items()}
    try:
        settings = getattr(module, config_name)(**values)
    except TypeError as error:
        raise UnknownNet(f"{net} cannot be built: {error}") from error
    made: nn.Module = getattr(module, class_name)(settings)
    return made
