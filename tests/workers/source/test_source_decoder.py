from __future__ import annotations

import threading

import pytest

from media.access_unit import AccessUnit
from media.codec import Codec
from workers.decode.step import count_drop
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.media.source_frame import SourceFrame, Taker
from workers.runtime.frame_counters import FrameCounters
from workers.source.source_decoder import SourceDecoder

from ..clips import Clip, units


class Sink:
    """Takes frames, as a lane does."""

    def __init__(self) -> None:
        self.counters = FrameCounters()
        self.frames: list[FrameTask] = []
        self.is_open = True

    def offer(self, task: FrameTask) -> bool:
        if self.is_open:
            self.frames.append(task)
        return self.is_open

    def drop(self, task: FrameTask, reason: str) -> None:
        count_drop(self.counters, task, reason)

    @property
    def shown(self) -> list[tuple[str, int, bool]]:
        """Route, sequence number, and whether there is a picture."""
        return [
            (task.route.value, task.unit.sequence, task.picture is not None) for task in self.frames
        ]


class Place:
    """A decoder without its thread."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        self.decoder = SourceDecoder("cam1", need_key=self.wanted.append, failed=print)

    def put(self, unit: AccessUnit, *takers: Taker, replay: bool = False) -> None:
        task = FrameTask(unit, Route.WORK, arrived=0.0, is_replay=replay)
        for frame in self.decoder.step(SourceFrame.of(task, takers)):
            self.decoder._hand_out(frame)


def test_each_taker_gets_a_frame_of_its_own_with_the_picture_that_was_decoded_once() -> None:
    place, one, two = Place(), Sink(), Sink()
    for unit in units(Clip(frames=3)):
        place.put(unit, Taker(one, Route.WORK), Taker(two, Route.WORK))
    assert one.shown == two.shown == [("work", n, True) for n in range(3)]
    assert place.decoder.decoded == 3
    for first, second in zip(one.frames, two.frames, strict=True):
        assert first is not second and first.stamps is not second.stamps
        assert first.picture is second.picture


def test_what_is_only_copied_is_not_decoded() -> None:
    place, sink = Place(), Sink()
    for unit in units(Clip(frames=3)):
        place.put(unit, Taker(sink, Route.COPY))
    assert sink.shown == [("copy", n, False) for n in range(3)]
    assert place.decoder.decoded == 0 and place.wanted == []


def test_one_copies_while_another_works_and_a_third_codes_copies_anew() -> None:
    place, work, copy, recode = Place(), Sink(), Sink(), Sink()
    for unit in units(Clip(codec=Codec.VP8, frames=2)):
        place.put(
            unit,
            Taker(copy, Route.COPY),
            Taker(work, Route.WORK),
            Taker(recode, Route.COPY, recodes=True),
        )
    assert work.shown == [("work", 0, True), ("work", 1, True)]
    assert copy.shown == [("copy", 0, False), ("copy", 1, False)]
    assert [what[0] for what in recode.shown] == ["copy", "recode", "copy", "recode"]
    # An encoder writes into a frame, so a picture that another thread has is copied for it.
    assert recode.frames[1].picture is not work.frames[0].picture


def test_who_joins_while_units_are_decoded_gets_the_next_picture() -> None:
    place, one, two = Place(), Sink(), Sink()
    first, second, third = units(Clip(frames=3))
    place.put(first, Taker(one, Route.WORK))
    place.put(second, Taker(one, Route.WORK), Taker(two, Route.WORK))
    place.put(third, Taker(two, Route.WORK))
    assert one.shown == [("work", 0, True), ("work", 1, True)]
    assert two.shown == [("work", 1, True), ("work", 2, True)]
    assert place.wanted == []


def test_after_copying_a_key_frame_is_needed_and_only_those_who_wait_count_the_loss() -> None:
    place, copy, work = Place(), Sink(), Sink()
    first, second, third = units(Clip(frames=3))
    place.put(first, Taker(copy, Route.COPY))
    place.put(second, Taker(copy, Route.COPY), Taker(work, Route.WORK))
    place.put(third, Taker(copy, Route.COPY), Taker(work, Route.WORK))
    assert len(copy.frames) == 3 and work.frames == []
    assert work.counters.read().dropped == {"no_key_frame": 2}
    assert copy.counters.read().dropped == {}
    assert len(place.wanted) == 2


@pytest.mark.parametrize(
    ("taker", "replay", "expected"),
    [
        (Route.WORK, False, {"no_key_frame": 1}),
        (Route.WORK, True, {}),
        (Route.COPY, False, {"recode_no_key_frame": 1}),
    ],
)
def test_losses_are_counted_by_what_the_frame_was_for(
    taker: Route, replay: bool, expected: dict[str, int]
) -> None:
    place, sink = Place(), Sink()
    _, second = units(Clip(frames=2))
    place.put(second, Taker(sink, taker, recodes=taker is Route.COPY), replay=replay)
    counts = sink.counters.read()
    assert counts.dropped == expected and counts.replayed == int(replay)


def test_a_picture_alone_is_decoded_without_looking_for_motion() -> None:
    place, alone, lane = Place(), Sink(), Sink()
    first, second = units(Clip(frames=2))
    place.put(first, Taker(alone, Route.DECODE))
    place.put(second, Taker(alone, Route.DECODE), Taker(lane, Route.WORK))
    assert alone.shown == [("decode", 0, True), ("decode", 1, True)]
    assert [task.info is None for task in alone.frames] == [True, False]
    assert alone.frames[1].picture is lane.frames[0].picture
    fresh = Place()
    fresh.put(second, Taker(alone, Route.DECODE))
    assert alone.counters.read().dropped == {"no_key_frame": 1}


def test_the_end_of_one_taker_does_not_end_the_others() -> None:
    place, gone, there = Place(), Sink(), Sink()
    gone.is_open = False
    for unit in units(Clip(frames=2)):
        place.put(unit, Taker(gone, Route.WORK), Taker(there, Route.WORK))
    assert gone.frames == [] and len(there.frames) == 2


def test_an_error_of_ours_ends_the_thread_and_is_told() -> None:
    told, done = [], threading.Event()

    class Broken(Sink):
        def offer(self, task: FrameTask) -> bool:
            raise ZeroDivisionError

    def failed(error: Exception) -> None:
        told.append(error)
        done.set()

    decoder = SourceDecoder("cam1", need_key=print, failed=failed)
    decoder.start()
    (unit,) = units(Clip(frames=1))
    task = FrameTask(unit, Route.WORK, arrived=0.0)
    assert decoder.offer(SourceFrame.of(task, (Taker(Broken(), Route.WORK),)))
    assert done.wait(10)
    assert isinstance(told[0], ZeroDivisionError)
    assert decoder.join(5) and not decoder.offer(SourceFrame.of(task, ()))
    assert decoder.has_space
