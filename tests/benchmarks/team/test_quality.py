"""Pictures of a recording against the truth, with the real net and real encoders."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.team import material
from benchmarks.team.quality import FRAMES, STAMP_ROWS, Pair, judge, pairs, psnr
from benchmarks.team.recording import ENHANCED_LOG, SOURCE_LOG, Received
from cli.publisher.stamp import burn
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet, bicubic
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, open_encoder, to_frame
from tests.benchmarks.team.units import received

CLIP = "speaker"
COUNT = 6


def small_pictures(count: int) -> Bytes:
    truth = material.truth_luma(CLIP)[:count]
    found = np.stack([material._reduce(each, material.WIDTH, material.HEIGHT) for each in truth])
    for number, luma in enumerate(found):
        burn(luma, number)
    return found


def coded(log: int, luma: Bytes, *, lost: tuple[int, ...] = ()) -> list[Received]:
    _, height, width = luma.shape
    chroma = np.full((2, height // 2, width // 2), 128, np.uint8)
    context = open_encoder(LiveEncoder("h264", 0.5), width, height, material.FPS)
    found = []
    for number, picture in enumerate(luma):
        (packet,) = context.encode(to_frame(picture, chroma, number))
        if number not in lost:
            at_us = 1000 * number
            key = bool(packet.is_keyframe)
            found.append(received(log, number, at_us, at_us, bytes(packet), is_key=key))
    return found


@pytest.fixture(scope="module")
def small() -> Bytes:
    return small_pictures(COUNT)


def test_a_picture_is_as_good_as_its_errors_are_small() -> None:
    right = np.zeros((2, 540, 960), np.uint8)
    wrong = right.copy()
    wrong[:, STAMP_ROWS:] = 5
    assert psnr(wrong, right) == pytest.approx(10 * np.log10(255**2 / 25))
    stamped = right.copy()
    stamped[:, :STAMP_ROWS] = 200
    assert psnr(stamped, right) > 70


def test_the_full_net_has_all_of_its_gain_and_bicubic_none(small: Bytes) -> None:
    net = OpenNet(model_file(load_manifest("live-s"), "int8"), material.HEIGHT, material.WIDTH)
    full = [Pair(each, net(each)) for each in small]
    plain = [Pair(each, bicubic(each, material.SCALE)) for each in small]
    best = judge(full, 20_000, clip=CLIP, model="live-s")
    least = judge(plain, 20_000, clip=CLIP, model="live-s")
    assert best is not None and least is not None
    assert best.full > best.plain + 0.3
    assert best.gain > 0.95
    assert least.gain < 0.2
    assert best.to_full > 60 > best.to_plain
    assert best.pictures == COUNT


def test_pictures_without_a_number_are_not_judged() -> None:
    flat = np.full((material.HEIGHT, material.WIDTH), 90, np.uint8)
    pair = Pair(flat, bicubic(flat, material.SCALE))
    assert judge([pair], 1000, clip=CLIP, model="live-s") is None


def test_pairs_are_pictures_in_a_row_that_both_logs_have(small: Bytes) -> None:
    large = np.stack([bicubic(each, material.SCALE) for each in small])
    found = [*coded(SOURCE_LOG, small), *coded(ENHANCED_LOG, large)]
    chosen, kbps = pairs(found, 0, 10**9)
    assert len(chosen) == COUNT < FRAMES
    assert kbps > 100
    for pair, right in zip(chosen, large, strict=True):
        assert psnr(pair.large[None], right[None]) > 38
    assert len(pairs(found, 2000, 10**9)[0]) == COUNT - 2
    assert pairs([each for each in found if each.log == SOURCE_LOG], 0, 10**9) == ([], 0.0)


def test_a_gap_begins_the_row_anew(small: Bytes) -> None:
    large = np.stack([bicubic(each, material.SCALE) for each in small])
    found = [*coded(SOURCE_LOG, small, lost=(3,)), *coded(ENHANCED_LOG, large)]
    chosen, _ = pairs(found, 0, 10**9)
    assert len(chosen) == COUNT - 4
