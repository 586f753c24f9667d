"""Packets become units that leave when they are due."""

from __future__ import annotations

import dataclasses
import time
from fractions import Fraction
from pathlib import Path

import pytest

from cli.errors import NotPublished
from cli.publisher.address import parse_source
from cli.publisher.forward import Forwarder, ForwardPlan
from cli.publisher.packet_reader import PacketReader
from cli.publisher.send_encoder import SendUnit
from cli.publisher.session import SendFormat
from cli.publisher.sound_path import SoundPath
from cli.publisher.source_input import open_input
from cli.publisher.timeline import Timeline
from cli.publisher.video_path import VideoPath
from media.access_unit import Kind
from tests.cli.publisher.sources import make_source

PLAN = ForwardPlan(
    is_paced=False, is_late_dropped=False, duration_s=None, no_picture="It gives no picture."
)


class Sink:
    """Notes units and when they came."""

    def __init__(self) -> None:
        self.key_frame = b""
        self.units: list[tuple[Kind, SendUnit, float]] = []
        self.began = 0.0

    def begin(self, key_frame: bytes) -> Sink:
        assert not self.key_frame
        self.key_frame, self.began = key_frame, time.monotonic()
        return self

    def send(self, kind: Kind, unit: SendUnit) -> None:
        self.units.append((kind, unit, time.monotonic()))

    def times(self, kind: Kind) -> list[int]:
        return [unit.at_us for each, unit, _ in self.units if each is kind]


def forwarded(film: Path, plan: ForwardPlan, *, stop_after: int = 10**9) -> tuple[Sink, Forwarder]:
    source = open_input(parse_source(str(film)))
    timeline, sink = Timeline(), Sink()
    video = VideoPath(
        "",
        timeline,
        may_change=True,
        form=lambda width, height: SendFormat(width, height, Fraction(25), 300, False),
        say=lambda sentence: None,
    )
    sound = SoundPath("aac", timeline) if source.audio is not None else None
    forwarder = Forwarder(
        plan,
        video,
        sound,
        begin=sink.begin,
        stopping=lambda: len(sink.units) >= stop_after,
    )
    reader = PacketReader(is_real_time=False)
    reader.start(source.packets)
    try:
        forwarder.run(reader)
    finally:
        reader.close()
    return sink, forwarder


def test_pictures_and_sound_go_out_on_one_time_line(tmp_path: Path) -> None:
    sink, forwarder = forwarded(make_source(tmp_path / "a.mp4", sound="aac"), PLAN)
    assert sink.key_frame == sink.units[0][1].data
    assert sink.times(Kind.VIDEO) == [40_000 * index for index in range(50)]
    heard = sink.times(Kind.AUDIO)
    assert len(heard) > 90 and heard[0] >= 0
    assert forwarder.seconds == pytest.approx(2.0, abs=0.1)


def test_what_is_read_ahead_leaves_no_earlier_than_it_is_due(tmp_path: Path) -> None:
    film = make_source(tmp_path / "a.mp4", seconds=0.6)
    sink, _ = forwarded(film, dataclasses.replace(PLAN, is_paced=True))
    assert len(sink.units) == 15
    for _, unit, at in sink.units:
        assert at - sink.began >= unit.at_us / 1e6 - 0.001


def test_it_ends_when_the_time_is_over_or_the_user_wants_it(tmp_path: Path) -> None:
    film = make_source(tmp_path / "a.mp4")
    sink, _ = forwarded(film, dataclasses.replace(PLAN, duration_s=0.4))
    assert len(sink.units) == 10
    sink, _ = forwarded(film, PLAN, stop_after=3)
    assert len(sink.units) == 3


def test_a_wait_for_what_is_due_ends_with_ctrl_c(tmp_path: Path) -> None:
    began = time.monotonic()
    film = make_source(tmp_path / "a.mp4", seconds=30)
    sink, _ = forwarded(film, dataclasses.replace(PLAN, is_paced=True), stop_after=2)
    assert len(sink.units) == 2
    assert time.monotonic() - began < 20


def test_a_source_without_a_key_frame_is_told_in_a_sentence(tmp_path: Path) -> None:
    film = make_source(tmp_path / "a.h264", gop_s=10)
    data = film.read_bytes()
    second = data.find(b"\x00\x00\x01\x41")
    sets = data[: data.find(b"\x00\x00\x01\x65")]
    film.write_bytes(sets + b"\x00" + data[second:])
    with pytest.raises(NotPublished, match="It gives no picture") as caught:
        forwarded(film, PLAN)
    assert caught.value.is_passing
