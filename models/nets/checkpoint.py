"""Reads published weights into our nets; names and shapes are compared before any is copied."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["BadCheckpoint", "Loaded", "load_published", "read_published"]


class BadCheckpoint(ValueError):
    """The file holds no weights of this net; the message says where it differs."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Tensors that did not match; both lists are empty unless `partly` was asked for."""

    missing: tuple[str, ...]
    """Tensors of the net that the file lacks."""
    left_over: tuple[str, ...]
    """Tensors of the file that the net lacks."""


def load_published(net: nn.Module, path: Path, *, partly: bool = False) -> Loaded:
    """Fills `net` with published weights.

    Takes BasicSR's files ({"params_ema": ...} or {"params": ...}), bare state dicts, and mmagic's
    (prefix `generator.`, its own names). With `partly` names may differ, shapes may not. Nothing in
    a file is executed. Raises BadCheckpoint, and then the net is as it was.
    """
    found, own = read_published(path), net.state_dict()
    missing = tuple(name for name in own if name not in found)
    left_over = tuple(name for name in found if name not in own)
    if (missing or left_over) and not partly:
        raise BadCheckpoint(
            f"{path.name} does not fit: it lacks {_few(missing)} and has {_few(left_over)} too many"
        )
    fitting = {name: tensor for name, tensor in found.items() if name in own}
    if not fitting:
        raise BadCheckpoint(f"{path.name} has no tensor of this net")
    # All shapes are compared before anything is copied: load_state_dict raises only after it has
    # copied what fits, which would leave a mixture.
    for name, tensor in fitting.items():
        if tensor.shape != own[name].shape:
            shapes = f"{tuple(tensor.shape)}, not {tuple(own[name].shape)}"
            raise BadCheckpoint(f"{path.name}: {name} has shape {shapes}")
    net.load_state_dict(fitting, strict=False)
    return Loaded(missing, left_over)


def read_published(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by BasicSR's names. Raises BadCheckpoint."""
    try:
        # weights_only keeps the unpickler to tensors and plain containers; a full pickle may run
        # any code.
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise BadCheckpoint(f"{path.name} cannot be read: {error.strerror}") from error
    except Exception as error:  # on damaged files torch raises nearly anything
        raise BadCheckpoint(
            f"{path.name} is damaged, or holds more than tensors, which is not loaded for safety"
        ) from error
    # A file may hold the last weights and their average; the average comes first.
    for key in ("params_ema", "params", "state_dict"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping) or not content:
        raise BadCheckpoint(f"{path.name} holds no named tensors")
    tensors = {str(k): v for k, v in content.items() if isinstance(v, Tensor)}
    return _from_mmagic(tensors) if any(k.startswith("generator.") for k in tensors) else tensors


# mmagic wraps convs in a module whose conv is called `conv`, and has other words for some parts.
_RENAMES: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"^feat_l(\d)_conv(\d)\.conv\.", r"conv_l\1_\2."),
    (r"^pcd_alignment\.", "pcd_align."),
    (r"^upsample(\d)\.upsample_conv\.", r"upconv\1."),
    (r"^(backward|forward)_resblocks\.", r"\1_trunk."),
    (
        r"^spynet\.basic_module\.(\d+)\.basic_module\.(\d+)\.conv\.",
        lambda m: f"spynet.basic_module.{m[1]}.basic_module.{2 * int(m[2])}.",
    ),
    (r"^(pcd_align\.(?:offset_conv\d|feat_conv)\.l\d)\.conv\.", r"\1."),
    (r"^(pcd_align\.cas_offset_conv\d)\.conv\.", r"\1."),
    (r"^(fusion\.(?:feat_fusion|spatial_attn\d|spatial_attn_\w+))\.conv\.", r"\1."),
)


def _from_mmagic(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    named = {}
    for name, tensor in tensors.items():
        if not name.startswith("generator."):
            # The discriminator, a step counter, an averaged copy.
            continue
        plain = name.removeprefix("generator.")
        for pattern, replacement in _RENAMES:
            plain = re.sub(pattern, replacement, plain)
        named[plain] = tensor
    return named


def _few(names: tuple[str, ...]) -> str:
    if not names:
        return "nothing"
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
