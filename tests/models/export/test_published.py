from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from models.export.published import (  # noqa: E402
    PUBLISHED,
    describe_video,
    macs_per_pixel,
    write,
)
from models.manifest import Architecture, Manifest, load_manifest  # noqa: E402
from models.nets.table import NETS, build  # noqa: E402
from models.nets.video import VideoNet  # noqa: E402
from tests.models.nets.small import SHAPES, SMALL  # noqa: E402


def test_the_zoo_holds_what_is_written(tmp_path: Path) -> None:
    published = next(each for each in PUBLISHED if each.name == "edvr-m-wotsa")
    assert write(published, tmp_path) == load_manifest(published.name)


def test_every_manifest_fits_its_net() -> None:
    for published in PUBLISHED:
        manifest = load_manifest(published.name)
        net = build(published.net, published.config)
        assert manifest.parameters == sum(p.numel() for p in net.parameters())
        assert (manifest.scale, manifest.obtain) == (4, published.obtain)
        video = cast(VideoNet, net)
        for name in ("scale", "window", "lookahead", "size_multiple", "smallest"):
            assert getattr(manifest, name) == getattr(video, name), (published.name, name)


def test_multiply_adds_are_those_of_the_convolutions() -> None:
    settings = {"colours": 1, "scale": 2, "channels": 8, "tail": 8, "blocks": 0}
    less, more = (build("basicvsr-causal", {**settings, "blocks": n}) for n in (1, 4))
    assert macs_per_pixel(more) - macs_per_pixel(less) == 3 * 2 * 8 * 8 * 9


def described(name: str, shape: dict[str, int]) -> tuple[Manifest, Any]:
    config = SMALL[name] | shape
    net = build(name, config)
    architecture = Architecture(name, config)
    return describe_video("tiny", "A tiny net", net, architecture, "CC0-1.0"), net


@pytest.mark.parametrize("name", sorted(SMALL))
@pytest.mark.parametrize("shape", SHAPES)
def test_a_description_says_what_the_net_says_of_itself(name: str, shape: dict[str, int]) -> None:
    manifest, net = described(name, shape)
    assert (manifest.scale, manifest.window, manifest.lookahead) == (
        net.scale, net.window, net.lookahead,
    )  # fmt: skip
    assert (manifest.size_multiple, manifest.smallest) == (net.size_multiple, net.smallest)
    assert manifest.colour == {1: "luma", 3: "rgb"}[shape["colours"]]
    assert manifest.parameters == sum(p.numel() for p in net.parameters())
    assert manifest.macs_per_pixel > 0
    assert manifest.files == {} and manifest.inputs == () and manifest.output is None


def test_the_architecture_builds_the_net_again() -> None:
    for name in SMALL:
        manifest, net = described(name, SHAPES[1])
        assert manifest.architecture is not None
        again = build(manifest.architecture.net, manifest.architecture.config)
        assert {k: v.shape for k, v in again.state_dict().items()} == {
            k: v.shape for k, v in net.state_dict().items()
        }


def test_multiply_adds_of_a_unet_by_hand() -> None:
    """A branch at half the size costs a quarter, one at a quarter a sixteenth."""
    channels, cells = 8, 4
    net = build("unet", {"channels": channels, "blocks": [1, 1, 1], "colours": 1, "scale": 2})
    block = 2 * channels * channels * 9
    entry = (1 + cells + channels) * channels * 9
    expected = entry + block * (1 + 1 / 4 + 1 / 16) + channels * channels * 9 + channels * cells * 9
    assert macs_per_pixel(net) == round(expected)


def test_counting_leaves_the_net_without_gradients_or_changes() -> None:
    net = build("unet", SMALL["unet"] | SHAPES[1])
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    assert macs_per_pixel(net) == macs_per_pixel(net)
    assert all(p.grad is None for p in net.parameters())
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


def test_every_published_net_is_one_of_the_table_with_its_own_name_and_file() -> None:
    assert all(each.net in NETS for each in PUBLISHED)
    assert len({each.name for each in PUBLISHED}) == len(PUBLISHED)
    assert len({each.obtain.file for each in PUBLISHED}) == len(PUBLISHED)


@pytest.mark.parametrize("published", PUBLISHED, ids=lambda each: each.name)
def test_who_wants_the_weights_is_told_where_they_are(published: Any) -> None:
    assert Path(published.obtain.file).name == published.obtain.file
    assert published.obtain.file.endswith(".pth")
    assert published.obtain.how.endswith(".") and len(published.obtain.how) > 30
    assert published.licence and "et al." in published.title
    # Only the causal half of a two-way net takes a part of a file.
    assert published.obtain.partly is (published.net == "basicvsr-causal")
