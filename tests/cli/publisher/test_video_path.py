"""Copying of pictures, and what ends it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from cli.publisher.send_encoder import SendUnit
from cli.publisher.session import SendFormat
from cli.publisher.timeline import Timeline
from cli.publisher.video_path import VideoPath, microseconds
from tests.cli.publisher.sources import make_source, packets


class Way:
    """A path, with what it said."""

    def __init__(self, reason: str = "", *, may_change: bool = True, max_fps: float = 0.0) -> None:
        self.said: list[str] = []
        self.path = VideoPath(
            reason,
            Timeline(),
            may_change=may_change,
            form=lambda width, height: SendFormat(width, height, Fraction(25), 300, False),
            say=self.said.append,
            max_fps=max_fps,
        )

    def take(self, found: list[Any], **how: bool) -> list[SendUnit]:
        return [unit for each in found for unit in self.path.take(each, now_us=0, **how)]


def pictures(units: list[SendUnit]) -> int:
    """How many pictures the units decode to, with nothing missing."""
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for unit in units for frame in decoder.decode(av.Packet(unit.data))]
    return len([*frames, *decoder.decode(None)])


def test_plain_pictures_are_copied_bit_by_bit(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.h264"))
    way = Way()
    units = way.take(found)
    assert way.path.is_copied and way.said == []
    assert [bytes(packet) for packet in found if packet.size] == [unit.data for unit in units]
    assert [unit.is_key for unit in units] == [index % 25 == 0 for index in range(50)]
    assert way.path.counts.sent == 50


def test_a_file_keeps_its_times(tmp_path: Path) -> None:
    units = Way().take(packets(make_source(tmp_path / "a.mp4")))
    assert [unit.at_us for unit in units] == [40_000 * index for index in range(50)]


def test_a_source_that_was_begun_in_its_middle_waits_for_a_key_frame(tmp_path: Path) -> None:
    way = Way()
    units = way.take(packets(make_source(tmp_path / "a.mp4"))[10:])
    assert units[0].is_key and len(units) == 25
    assert way.path.counts.left_out == 15


def test_after_a_loss_it_goes_on_at_the_next_key_frame(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.mp4"))
    way = Way()
    assert len(way.take(found[:5])) == 5
    assert way.take(found[12:13], after_loss=True) == []
    units = way.take(found[13:])
    assert units[0].is_key and len(units) == 25


def test_rare_key_frames_end_copying_and_no_picture_is_missing(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.mp4", seconds=8, gop_s=20))
    way = Way()
    units = way.take(found)
    assert not way.path.is_copied
    assert len(way.said) == 1 and "more than 4 s apart: it is coded anew" in way.said[0]
    keys = [unit.at_us for unit in units if unit.is_key]
    # The encoder begins at the picture that was one too many, and makes one every two seconds.
    assert keys[0] == 0 and abs(keys[1] - 4_040_000) <= 1
    assert all(later - earlier <= 2_040_000 for earlier, later in itertools.pairwise(keys[1:]))
    assert [unit.at_us // 10 * 10 for unit in units] == [40_000 * index for index in range(200)]
    assert pictures(units) == 200


def test_rare_key_frames_are_only_told_where_copying_is_wanted(tmp_path: Path) -> None:
    way = Way(may_change=False)
    units = way.take(packets(make_source(tmp_path / "a.mp4", seconds=6, gop_s=20)))
    assert way.path.is_copied and len(units) == 150
    assert len(way.said) == 1 and "copied all the same" in way.said[0]


def test_b_frames_that_nobody_announced_end_copying(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.mp4", b_frames=2))
    way = Way()
    units = way.take(found)
    assert not way.path.is_copied and "B-frames" in way.said[0]
    assert [unit.at_us for unit in units] == sorted(unit.at_us for unit in units)
    assert pictures(units) >= 48


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_what_cannot_be_copied_is_coded_anew(tmp_path: Path, codec: str) -> None:
    found = packets(make_source(tmp_path / "a.mp4", codec=codec))
    way = Way("its video is of that codec")
    units = way.take(found)
    assert units[0].is_key and pictures(units) == 50
    assert [unit.at_us for unit in units] == [40_000 * index for index in range(50)]


def test_late_pictures_are_decoded_and_not_coded(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.mp4"))
    way = Way("a reason")
    sent = way.take(found[:10]) + way.take(found[10:20], is_late=True) + way.take(found[20:])
    assert way.path.counts.left_out == 10
    assert pictures(sent) == 40


def test_fewer_pictures_a_second_are_sent_evenly(tmp_path: Path) -> None:
    way = Way("a reason", max_fps=12.5)
    units = way.take(packets(make_source(tmp_path / "a.mp4")))
    assert [unit.at_us for unit in units] == [80_000 * index for index in range(25)]


def test_damaged_pictures_are_left_out(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.mp4"))
    torn: Any = av.Packet(bytes(found[3])[: found[3].size // 2])
    torn.stream, torn.pts, torn.dts = found[3].stream, found[3].pts, found[3].dts
    torn.time_base = found[3].time_base
    way = Way()
    assert len(way.take([*found[:3], torn, *found[4:]])) == 49


@pytest.mark.parametrize(
    ("ticks", "time_base", "at"),
    [(90_000, Fraction(1, 90_000), 1_000_000), (None, Fraction(1, 9), None), (5, None, None)],
)
def test_time_stamps_in_microseconds(
    ticks: int | None, time_base: Fraction | None, at: int | None
) -> None:
    convert: Callable[..., int | None] = microseconds
    assert convert(ticks, time_base) == at
