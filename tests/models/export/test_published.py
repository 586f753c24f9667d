from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from models.export.published import PUBLISHED, macs_per_pixel, write  # noqa: E402
from models.manifest import load_manifest  # noqa: E402
from models.nets.table import build  # noqa: E402


def test_the_zoo_holds_what_is_written(tmp_path: Path) -> None:
    published = next(each for each in PUBLISHED if each.name == "edvr-m-wotsa")
    assert write(published, tmp_path) == load_manifest(published.name)


def test_every_manifest_fits_its_net() -> None:
    for published in PUBLISHED:
        manifest = load_manifest(published.name)
        net = build(published.net, published.config)
        assert manifest.parameters == sum(p.numel() for p in net.parameters())
        assert (manifest.scale, manifest.obtain) == (4, published.obtain)


def test_multiply_adds_are_those_of_the_convolutions() -> None:
    settings = {"colours": 1, "scale": 2, "channels": 8, "tail": 8, "blocks": 0}
    less, more = (build("basicvsr-causal", {**settings, "blocks": n}) for n in (1, 4))
    assert macs_per_pixel(more) - macs_per_pixel(less) == 3 * 2 * 8 * 8 * 9
