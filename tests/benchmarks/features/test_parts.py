"""The two parts of the net on a clip."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from benchmarks.features.codings import entropy_bits, psnr, send_all
from benchmarks.features.parts import Net, Scene, open_net, prepare
from benchmarks.material import CLIP_FOLDER
from models.graph.writer import INPUT
from models.split.graphs import COEFFICIENTS
from models.training.film import read_passage

SIZE = (32, 48)


@pytest.fixture(scope="module")
def net() -> Net:
    return open_net(SIZE)


@pytest.fixture(scope="module")
def scene(net: Net) -> Scene:
    return prepare("speaker", read_passage(CLIP_FOLDER / "speaker.mp4", 0, 3), net, SIZE)


def test_a_scene_is_one_part_of_the_clip_everywhere(scene: Scene) -> None:
    assert scene.luma.shape == (3, *SIZE)
    assert scene.truth.shape == scene.whole.shape == scene.plain.shape == (3, 64, 96)
    # Enlarged, the decoded picture is near the original: both are of the same place.
    assert psnr(scene.plain, scene.truth) > 28
    assert list(scene.judged) == [0, 2]
    assert scene.covariance.shape == (49, 48)


def test_coefficients_lead_to_nearly_the_whole_nets_picture(net: Net, scene: Scene) -> None:
    feeds = {INPUT: scene.luma[0][None, None], COEFFICIENTS: scene.coefficients[0][None]}
    made = net.receiver(**feeds)[0]
    assert psnr(made, scene.whole[0]) > psnr(scene.plain[0], scene.whole[0]) + 6


def test_the_tuned_part_gives_another_picture_of_the_same(net: Net, scene: Scene) -> None:
    feeds = {INPUT: scene.luma[0][None, None], COEFFICIENTS: scene.coefficients[0][None]}
    tuned = open_net(SIZE, is_tuned=True).receiver(**feeds)[0]
    plain = net.receiver(**feeds)[0]
    assert 0 < np.abs(tuned.astype(int) - plain).mean() < 2


def test_a_rate_is_that_of_a_whole_picture(scene: Scene) -> None:
    # One bit for each decoded pixel.
    assert scene.mbit_s(scene.luma.size) == pytest.approx(480 * 270 * 30 / 1e6)


def test_every_way_delivers_and_more_bits_deliver_more(net: Net, scene: Scene) -> None:
    found = list(send_all(scene, net, scene.covariance))
    ways: dict[str, list[tuple[float, float]]] = {}
    for each in found:
        ways.setdefault(each.way, []).append((each.mbit_s, each.whole_db))
    assert len(ways) == 9
    for way, points in ways.items():
        points.sort()
        assert points[-1][1] >= points[0][1], way
    assert ways["int8 features"][0][0] == pytest.approx(8 * 48 * 480 * 270 * 30 / 1e6)
    coded = ways["residual VQ, by stages"]
    # Far fewer bits than bytes of features have, at a picture that is not far away.
    assert coded[-1][0] < ways["int8 features"][0][0] / 20
    assert coded[-1][1] > coded[0][1] + 2


def test_entropy_of_values() -> None:
    assert entropy_bits(np.zeros(100)) == 0
    assert entropy_bits(np.arange(256) % 2) == pytest.approx(256)
    assert entropy_bits(np.arange(256)) == pytest.approx(256 * 8)


def test_equal_pictures_have_a_finite_psnr() -> None:
    same = np.zeros((2, 2), np.uint8)
    assert psnr(same, same) == 99.0
    assert psnr(same, same + 255) == pytest.approx(0.0)
