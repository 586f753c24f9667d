from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from models.training.downscale import halve

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402

from models.nets.baselines import (  # noqa: E402
    ABPN,
    ECBSR,
    ESPCN,
    ETDS,
    FSRCNN,
    PUBLISHED,
    Baseline,
    Published,
    count_macs,
    load_baselines,
)
from models.nets.checkpoint import BadCheckpoint  # noqa: E402

ROOT = Path(__file__).parents[3]
WEIGHTS = ROOT.parent / "shared" / "data" / "baselines"
CLIP = ROOT / "tests" / "data" / "clips" / "animation.mp4"

BY_NAME = {entry.name: entry for entry in PUBLISHED}

PARAMETERS = {
    "ESPCN": 26_796,
    "FSRCNN": 24_683,
    "ECBSR-M4C16": 11_548,
    "ABPN-M4C28": 33_464,
    "ETDS-T": 13_944,
    "ETDS-M": 60_008,
    "ETDS-L": 152_184,
}
"""Of the files; ETDS (Chao et al., CVPR 2023), table 2, gives the same in thousands."""

MACS = {
    "ESPCN": 25 * 3 * 64 + 9 * 64 * 32 + 9 * 32 * 12,
    "FSRCNN": 25 * 3 * 56 + 56 * 12 + 4 * 9 * 12 * 12 + 12 * 56 + 81 * 56 * 3,
    "ECBSR-M4C16": 9 * 3 * 16 + 4 * 9 * 16 * 16 + 9 * 16 * 12,
    "ABPN-M4C28": 9 * 3 * 28 + 4 * 9 * 28 * 28 + 9 * 28 * 12 + 9 * 12 * 12,
    "ETDS-T": 9 * 3 * 16 + 5 * 9 * 16 * 16 + 9 * 16 * 12 + 12 * 12,
    "ETDS-M": 9 * 3 * 32 + 6 * 9 * 32 * 32 + 9 * 32 * 12 + 12 * 12,
    "ETDS-L": 9 * 3 * 48 + 7 * 9 * 48 * 48 + 9 * 48 * 12 + 12 * 12,
}
PUBLISHED_GMACS = {
    "ESPCN": 6.15,
    "ECBSR-M4C16": 2.64,
    "ABPN-M4C28": 7.67,
    "ETDS-T": 3.19,
    "ETDS-M": 13.8,
    "ETDS-L": 35.0,
}
"""ETDS, table 2, for 640x360 input. It counts ECBSR's PReLUs too. Its 15.05 for FSRCNN is left out:
it counts the transposed conv per output pixel."""

GAINS_DB = {
    "ESPCN": 2.0,
    "FSRCNN": 2.2,
    "ECBSR-M4C16": 2.3,
    "ABPN-M4C28": 2.5,
    "ETDS-T": 2.3,
    "ETDS-M": 2.7,
    "ETDS-L": 2.8,
}
"""Least gain over bicubic: a little less than on DIV2K's 100 pictures in the same table."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def save(folder: Path, entry: Published) -> None:
    torch.save(entry.build().state_dict(), folder / entry.file)


def test_every_published_net_has_its_own_name_and_file() -> None:
    assert list(BY_NAME) == list(PARAMETERS) == list(MACS)
    assert len({entry.file for entry in PUBLISHED}) == len(PUBLISHED)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_fresh_net_has_the_published_size_and_shape(name: str) -> None:
    net = BY_NAME[name].build()
    assert sum(p.numel() for p in net.parameters()) == PARAMETERS[name]
    assert count_macs(net) == MACS[name]
    if name in PUBLISHED_GMACS:
        assert MACS[name] * 640 * 360 / 1e9 == pytest.approx(PUBLISHED_GMACS[name], rel=1e-2)
    with torch.no_grad():
        assert net(torch.rand(2, 3, 7, 10)).shape == (2, 3, 14, 20)


@pytest.mark.parametrize("build", [FSRCNN, ESPCN, ECBSR, ABPN, ETDS])
@pytest.mark.parametrize("scale", [3, 4])
def test_the_other_scales_have_the_right_shape(build: type[nn.Module], scale: int) -> None:
    with torch.no_grad():
        assert build(scale=scale)(torch.rand(1, 3, 5, 6)).shape == (1, 3, 5 * scale, 6 * scale)


@pytest.mark.parametrize("build", [ECBSR, ABPN])
def test_a_net_with_an_anchor_enlarges_by_nearest_while_its_last_conv_is_zero(
    build: type[nn.Module],
) -> None:
    net = build()
    last = [m for m in net.modules() if isinstance(m, nn.Conv2d)][-1]
    for parameter in last.parameters():
        nn.init.zeros_(parameter)
    x = torch.rand(1, 3, 4, 5)
    with torch.no_grad():
        assert torch.equal(net(x), x.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_a_missing_folder_has_no_baselines(tmp_path: Path) -> None:
    assert load_baselines(tmp_path / "absent") == {}
    assert load_baselines(tmp_path) == {}


def test_only_the_nets_whose_files_are_there_are_given(tmp_path: Path) -> None:
    for name in ("ETDS-T", "FSRCNN"):
        save(tmp_path, BY_NAME[name])
    found = load_baselines(tmp_path)
    assert list(found) == ["FSRCNN", "ETDS-T"]
    net = found["ETDS-T"]
    assert (net.name, net.scale, net.colour, net.licence) == ("ETDS-T", 2, "rgb", "Apache-2.0")
    assert (net.parameters, net.macs_per_input_pixel) == (PARAMETERS["ETDS-T"], MACS["ETDS-T"])
    assert net.bytes == (tmp_path / "ETDS_M5C16_x2.pth").stat().st_size
    assert "CVPR 2023" in net.paper


def test_a_file_of_another_net_is_refused(tmp_path: Path) -> None:
    torch.save(ETDS(body=4).state_dict(), tmp_path / BY_NAME["ETDS-T"].file)
    with pytest.raises(BadCheckpoint, match="backbone_convs.4"):
        load_baselines(tmp_path)


def test_a_baseline_takes_and_gives_bytes(tmp_path: Path) -> None:
    save(tmp_path, BY_NAME["ABPN-M4C28"])
    net = load_baselines(tmp_path)["ABPN-M4C28"]
    out = net(np.arange(48, dtype=np.uint8).reshape(6, 8)[:, ::-1])
    assert out.shape == (12, 16)
    assert out.dtype == np.uint8
    for wrong in (np.zeros((6, 8), np.float32), np.zeros((6, 8, 3), np.uint8)):
        with pytest.raises(ValueError, match="needs uint8"):
            net(wrong)  # type: ignore[arg-type]


class Nearest(nn.Module):
    """Stands for a net that colours what it enlarges."""

    def forward(self, x: Tensor) -> Tensor:
        tint: Tensor = torch.tensor([0.1, 0.0, -0.1])[:, None, None]
        return tint + x.repeat_interleave(2, 2).repeat_interleave(2, 3)


def test_a_colour_nets_answer_counts_as_its_luma_rounded_and_clipped() -> None:
    net = Baseline("x", "", "", 2, "rgb", 0, 0, 0, Nearest())
    out = net(np.array([[0, 100, 255]], np.uint8))
    # (0.299 - 0.114) * 0.1 * 255 = 4.7
    assert out.tolist() == [[5, 5, 105, 105, 255, 255]] * 2


@pytest.fixture(scope="module")
def crop() -> NDArray[np.uint8]:
    with av.open(str(CLIP)) as film:
        frame = next(film.decode(video=0))
        # The luma plane as it is: PyAV would stretch it to full range for the format "gray".
        luma = frame.to_ndarray(format="yuv420p")[: frame.height]
        return np.asarray(luma, np.uint8)[52:308, 192:448]


def psnr(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Without a border of 4 pixels, where nets see zeros beyond the picture."""
    difference = (a.astype(np.float64) - b)[4:-4, 4:-4]
    return float(10 * np.log10(255**2 / np.mean(difference**2)))


@pytest.mark.skipif(not WEIGHTS.is_dir(), reason="the published weights are not beside the project")
def test_the_published_weights_beat_bicubic_clearly(crop: NDArray[np.uint8]) -> None:
    small = halve(crop, "bicubic")
    cubic = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    before = psnr(np.asarray(cubic, np.uint8), crop)
    found = load_baselines(WEIGHTS)
    assert found
    gains = {name: psnr(net(small), crop) - before for name, net in found.items()}
    assert all(gain > GAINS_DB[name] for name, gain in gains.items()), gains
    for name, net in found.items():
        assert (net.parameters, net.macs_per_input_pixel) == (PARAMETERS[name], MACS[name])
