"""Planes into a net and a picture out of it: padding, windows, and what is cut off."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.manifest import load_manifest
from workers.engines.engine import Array, Feeds, NetInfo, Session, describe
from workers.media.picture import Picture
from workers.upscale.model_cache import Net
from workers.upscale.model_io import (
    LumaModelRunner,
    Padding,
    VideoModelRunner,
    make_feed,
    resize,
)

from ..clips import picture


@dataclasses.dataclass
class Recording:
    """A net, and its session, that keeps what it was given, and gives a constant."""

    info: NetInfo
    value: float = 0.0
    seen: list[dict[str, Array]] = dataclasses.field(default_factory=list)
    outputs: list[Array] = dataclasses.field(default_factory=list)
    resets: int = 0

    def session(self) -> Session:
        return self

    def warm_up(self) -> None:
        pass

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        self.seen.append({name: np.array(feed) for name, feed in feeds.items()})
        self.outputs.append(enhanced)
        enhanced[:] = self.value

    def reset(self) -> None:
        self.resets += 1


def recording(
    zoo: Path, model: str, width: int, height: int, value: float
) -> tuple[Net, Recording]:
    """A net of that input size that only records."""
    manifest = load_manifest(model, zoo)
    info = describe(manifest, width=width, height=height, batch=1, precision="fp32", device="none")
    session = Recording(info, value)
    return Net(manifest, width, height, "recording", session), session


def enlarged(source: Picture, scale: int = 2) -> Picture:
    width, height = (scale * side // 2 * 2 for side in (source.width, source.height))
    return Picture.blank(width, height, source.colour)


def test_the_runner_goes_by_the_manifest(zoo: Path) -> None:
    assert isinstance(make_feed(recording(zoo, "tiny", 16, 12, 0)[0]), LumaModelRunner)
    pytest.importorskip("torch")
    assert isinstance(make_feed(recording(zoo, "window", 16, 16, 0)[0]), VideoModelRunner)


def test_a_net_of_the_pictures_size_writes_straight_into_it(zoo: Path) -> None:
    net, session = recording(zoo, "tiny", 16, 12, 77)
    source = picture(0, 16, 12)
    target = enlarged(source)
    make_feed(net).enhance(source, target, 0.0)
    assert np.shares_memory(session.outputs[0], target.y) and (target.y == 77).all()
    assert np.array_equal(session.seen[0]["luma"], source.y)
    assert list(session.seen[0]) == ["luma"]


def test_padding_is_shown_to_the_net_and_cut_off_its_picture(zoo: Path) -> None:
    net, session = recording(zoo, "tiny4", 16, 12, 77)
    source = picture(0, 13, 9)
    target = enlarged(source)
    make_feed(net).enhance(source, target, 0.0)
    shown = session.seen[0]["luma"]
    assert shown.shape == (12, 16)
    assert np.array_equal(shown, np.pad(source.y, ((0, 3), (0, 3)), mode="edge"))
    assert not np.shares_memory(session.outputs[0], target.y)
    assert target.y.shape == (18, 26) and (target.y == 77).all()


def test_a_strength_goes_to_nets_that_have_one(zoo: Path) -> None:
    net, session = recording(zoo, "looks", 16, 12, 1)
    source, runner = picture(0, 16, 12), make_feed(net)
    for strength in (0.25, 1.0):
        runner.enhance(source, enlarged(source), strength)
        assert session.seen[-1]["strength"].tolist() == [strength]


def test_the_previous_picture_is_the_nets_own_and_bicubic_after_a_gap(zoo: Path) -> None:
    net, session = recording(zoo, "follows", 64, 48, 90)
    source, runner = picture(0, 64, 48), make_feed(net)
    plain = cv2.resize(source.y, (128, 96), interpolation=cv2.INTER_CUBIC)
    for _ in range(2):
        runner.enhance(source, enlarged(source), 0.0)
    assert np.array_equal(session.seen[0]["previous"], plain)
    assert (session.seen[1]["previous"] == 90).all()
    runner.forget()
    assert session.resets == 1
    runner.enhance(source, enlarged(source), 0.0)
    assert np.array_equal(session.seen[2]["previous"], plain)


def test_luma_alone_needs_no_target_and_is_cut_too(zoo: Path) -> None:
    net, session = recording(zoo, "tiny4", 16, 12, 33)
    runner, source = make_feed(net), picture(0, 13, 9)
    luma = runner.enhance_luma(source, 0.0)
    assert luma.shape == (18, 26) and (luma == 33).all()
    # The same memory serves every call.
    session.value = 44
    assert np.shares_memory(runner.enhance_luma(source, 0.0), luma) and (luma == 44).all()


def levels(session: Recording) -> list[int]:
    """The level of each frame of the last window."""
    return [round(float(frame[0, 0, 0]) * 255) for frame in session.seen[-1]["frames"]]


def flat(level: int) -> Picture:
    made = Picture.blank(16, 16)
    made.y[:], made.u[:], made.v[:] = level, 120, 130
    return made


def test_frames_that_are_not_there_are_those_nearest(zoo: Path) -> None:
    """A window of three with one frame of lookahead: before, now, and now again."""
    pytest.importorskip("torch")
    net, session = recording(zoo, "window", 16, 16, 0.5)
    runner = make_feed(net)
    found = []
    for level in (10, 20, 30):
        runner.enhance(flat(level), enlarged(flat(level)), 0.0)
        found.append(levels(session))
    assert found == [[10, 10, 10], [10, 20, 20], [20, 30, 30]]
    runner.forget()
    assert session.resets == 1
    runner.enhance(flat(40), enlarged(flat(40)), 0.0)
    assert levels(session) == [40, 40, 40]


@pytest.mark.parametrize(
    ("value", "level"), [(-0.5, 0), (0.0, 0), (0.5, 128), (1.0, 255), (2.0, 255)]
)
def test_a_net_may_go_beyond_the_range_and_is_clipped(zoo: Path, value: float, level: int) -> None:
    pytest.importorskip("torch")
    net, _ = recording(zoo, "window", 16, 16, value)
    target = enlarged(flat(9))
    make_feed(net).enhance(flat(9), target, 0.0)
    assert set(target.y.flat) == {level}
    # Chroma of a net for luma is bicubic.
    assert set(target.u.flat) == {120} and set(target.v.flat) == {130}


def test_a_net_for_all_colours_sees_rgb_and_makes_every_plane(zoo: Path) -> None:
    pytest.importorskip("torch")
    net, session = recording(zoo, "colours", 16, 16, 1.0)
    source = flat(235)
    source.u[:] = source.v[:] = 128
    target = enlarged(source)
    make_feed(net).enhance(source, target, 0.0)
    assert session.seen[0]["frames"].shape == (3, 3, 16, 16)
    assert np.abs(session.seen[0]["frames"] - 1.0).max() < 0.01
    assert set(target.y.flat) == {235} and set(target.u.flat) == set(target.v.flat) == {128}


def test_the_luma_of_a_net_for_all_colours_has_even_sides(zoo: Path) -> None:
    pytest.importorskip("torch")
    net, _ = recording(zoo, "colours", 16, 16, 1.0)
    source = picture(0, 15, 13)
    assert make_feed(net).enhance_luma(source, 0.0).shape == (26, 30)


@given(st.integers(1, 20), st.integers(1, 20))
@settings(deadline=None)
def test_padding_repeats_the_edge_and_copies_only_where_it_must(width: int, height: int) -> None:
    plane = np.arange(width * height).reshape(height, width)
    made = Padding(20, 20).of(plane)
    assert made.shape == (20, 20)
    assert np.array_equal(made[:height, :width], plane)
    assert (made[height - 1 :, width - 1 :] == plane[-1, -1]).all()
    assert (made is plane) == (plane.shape == (20, 20))


@pytest.mark.parametrize("size", [(32, 24), (31, 23), (30, 22)])
def test_a_resize_leaves_out_what_the_target_does_not_hold(size: tuple[int, int]) -> None:
    plane = np.random.default_rng(1).integers(0, 256, (12, 16)).astype(np.uint8)
    expected = cv2.resize(plane, (32, 24), interpolation=cv2.INTER_CUBIC)
    target = np.zeros(size[::-1], np.uint8)
    resize(plane, target, 2)
    assert np.array_equal(target, expected[: size[1], : size[0]])


def test_a_resize_writes_into_rows_that_are_padded() -> None:
    plane = np.random.default_rng(1).integers(0, 256, (12, 17)).astype(np.uint8)
    target = Picture.blank(34, 24)
    assert target.y.strides[0] > 34
    resize(plane, target.y, 2)
    assert np.array_equal(target.y, cv2.resize(plane, (34, 24), interpolation=cv2.INTER_CUBIC))
