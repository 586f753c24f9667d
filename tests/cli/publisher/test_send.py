"""One clock for pictures and sound."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from fractions import Fraction

import av
import pytest

from cli.publisher.pattern import pattern
from cli.publisher.send import Sent, send
from cli.publisher.session import SendFormat, WhipSession

FPS = Fraction(50)
FORMAT = SendFormat(width=32, height=24, fps=FPS, kbps=100, has_sound=True)


class Noted(WhipSession):
    """A session that notes what it is given, and when."""

    def __init__(self, *, slow_s: float = 0.0) -> None:
        super().__init__("http://127.0.0.1:9/whip/a", "", FORMAT)
        self.pictures: list[tuple[int, float]] = []
        self.frames: list[av.VideoFrame] = []
        self.sounds: list[tuple[int, float]] = []
        self._slow_s = slow_s

    def send_picture(self, frame: av.VideoFrame, tick: int) -> None:
        self.pictures.append((tick, time.monotonic()))
        self.frames.append(frame)
        time.sleep(self._slow_s)

    def send_sound(self, frame: av.AudioFrame) -> None:
        self.sounds.append((frame.pts or 0, time.monotonic()))


def tone(count: int) -> Iterator[av.AudioFrame]:
    for index in range(count):
        frame = av.AudioFrame(format="flt", layout="stereo", samples=960)
        frame.sample_rate, frame.pts, frame.time_base = 48_000, 960 * index, Fraction(1, 48_000)
        yield frame


def sent_by(
    session: Noted,
    *,
    duration_s: float | None,
    sounds: int = 0,
    stamp: bool = False,
    size: tuple[int, int] = (32, 24),
    stop_after: int = 10**9,
    late_s: float = 0.0,
) -> tuple[Sent, float]:
    """What was sent, and when it began."""
    began = time.monotonic() - late_s
    result = send(
        session,
        pattern(*size),
        tone(sounds),
        dataclasses.replace(FORMAT, has_stamp=stamp),
        duration_s=duration_s,
        stopping=lambda: len(session.pictures) >= stop_after,
        began=began,
    )
    return result, began


def test_no_picture_goes_out_before_its_time_and_none_is_missing() -> None:
    session = Noted()
    result, began = sent_by(session, duration_s=0.3)
    assert [tick for tick, _ in session.pictures] == list(range(15))
    for tick, at in session.pictures:
        assert at - began >= tick / FPS - 0.001
    assert (result.pictures, result.left_out) == (15, 0)
    assert 0.27 < result.seconds < 5.0


def test_sound_and_pictures_go_out_in_the_order_of_their_times() -> None:
    session = Noted()
    sent_by(session, duration_s=0.2, sounds=30)
    assert [pts for pts, _ in session.sounds] == [960 * index for index in range(10)]
    moments = sorted(
        [(at, tick / FPS) for tick, at in session.pictures]
        + [(at, Fraction(pts, 48_000)) for pts, at in session.sounds]
    )
    times = [when for _, when in moments]
    assert times == sorted(times)


def test_pictures_that_are_late_are_left_out_but_no_sound_is() -> None:
    session = Noted()
    result, _ = sent_by(session, duration_s=1.2, sounds=100, late_s=1.0)
    # Those of the first half second are late by more than half a second.
    assert session.pictures[0][0] in range(24, 40)
    assert result.left_out == session.pictures[0][0]
    assert result.pictures + result.left_out == 60
    assert len(session.sounds) == 60


def test_a_slow_encoder_costs_pictures_and_not_time() -> None:
    session = Noted(slow_s=0.06)
    result, _ = sent_by(session, duration_s=1.5)
    assert result.pictures + result.left_out == 75
    assert result.left_out > 5
    assert result.seconds < 5.0


def test_it_stops_when_it_is_told_to() -> None:
    session = Noted()
    result, _ = sent_by(session, duration_s=None, stop_after=3)
    assert result.pictures == len(session.pictures) == 3


def test_no_time_is_nothing_sent() -> None:
    session = Noted()
    result, _ = sent_by(session, duration_s=0.0, sounds=4)
    assert (result.pictures, session.sounds) == (0, [])


@pytest.mark.parametrize("size", [(32, 24), (64, 48), (20, 90)])
def test_pictures_of_any_size_are_sent_in_the_one_that_was_offered(size: tuple[int, int]) -> None:
    session = Noted()
    sent_by(session, duration_s=0.05, size=size)
    assert {(f.width, f.height, f.format.name) for f in session.frames} == {(32, 24, "yuv420p")}


def test_a_stamp_is_in_the_picture_that_is_sent() -> None:
    plain, stamped = Noted(), Noted()
    sent_by(plain, duration_s=0.05)
    sent_by(stamped, duration_s=0.05, stamp=True)
    one, other = (session.frames[1].to_ndarray() for session in (plain, stamped))
    assert (one[:4] != other[:4]).any() and (one[4:] == other[4:]).all()
