"""One decoded frame for several renditions: what is decoded, and what each of them gets."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.access_unit import Checkpoint
from workers.media.frame_info import CodecInfo
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.media.source_frame import SourceFrame, Taker

from ..clips import Clip, units


class Sink:
    """A rendition that takes every frame."""

    def __init__(self) -> None:
        self.taken: list[FrameTask] = []
        self.dropped: list[str] = []

    def offer(self, task: FrameTask) -> bool:
        self.taken.append(task)
        return True

    def drop(self, task: FrameTask, reason: str) -> None:
        self.dropped.append(reason)


UNIT = next(units(Clip(frames=1)))
SINK = Sink()
WORK = Taker(SINK, Route.WORK)
COPY = Taker(SINK, Route.COPY)
RECODE = Taker(SINK, Route.COPY, recodes=True)
DECODE = Taker(SINK, Route.DECODE)
NEEDS = {Route.COPY: 0, Route.DECODE: 1, Route.RECODE: 2, Route.WORK: 3}


def test_a_rendition_that_only_copies_needs_no_picture() -> None:
    assert WORK.decoded_route is Route.WORK
    assert COPY.decoded_route is None
    assert RECODE.decoded_route is Route.RECODE
    assert DECODE.decoded_route is Route.DECODE
    # What is enhanced is encoded anyway, for whoever lacks the source's codec too.
    assert Taker(SINK, Route.WORK, recodes=True).decoded_route is Route.WORK


@pytest.mark.parametrize(
    "takers",
    [each for n in range(1, 4) for each in itertools.permutations((WORK, COPY, RECODE, DECODE), n)],
)
def test_a_frame_goes_the_way_of_the_neediest_whatever_the_order(takers: tuple[Taker, ...]) -> None:
    frame = SourceFrame.of(FrameTask(UNIT, Route.WORK, arrived=1.0), takers)
    wanted = [each.decoded_route or Route.COPY for each in takers]
    assert frame.route is max(wanted, key=NEEDS.__getitem__)
    assert frame.takers == takers


def test_a_frame_without_takers_is_only_copied() -> None:
    assert SourceFrame.of(FrameTask(UNIT, Route.WORK, arrived=1.0), ()).route is Route.COPY


def test_each_rendition_gets_a_frame_of_its_own_with_what_was_decoded() -> None:
    task = FrameTask(UNIT, Route.WORK, arrived=3.0, is_replay=True)
    task.stamp(Checkpoint.FETCHED)
    frame = SourceFrame.of(task, (WORK, RECODE))
    frame.picture, frame.info = Picture.blank(64, 48), CodecInfo(is_key=True, coded_bytes=5)
    frame.stamp(Checkpoint.DECODED)
    one, other = (frame.task(taker.decoded_route or Route.COPY) for taker in frame.takers)
    assert (one.route, other.route) == (Route.WORK, Route.RECODE)
    for each in (one, other):
        assert each.picture is frame.picture and each.info is frame.info
        assert (each.unit, each.arrived, each.is_replay) == (UNIT, 3.0, True)
        assert [place for place, _ in each.stamps] == [Checkpoint.FETCHED, Checkpoint.DECODED]
    one.stamp(Checkpoint.ENHANCED)
    assert len(other.stamps) == len(frame.stamps) == 2


@settings(deadline=None)
@given(st.lists(st.sampled_from([WORK, COPY, RECODE]), max_size=8))
def test_more_takers_never_make_a_frame_need_less(takers: list[Taker]) -> None:
    routes = [
        SourceFrame.of(FrameTask(UNIT, Route.COPY, arrived=0.0), tuple(takers[:count])).route
        for count in range(len(takers) + 1)
    ]
    assert [NEEDS[route] for route in routes] == sorted(NEEDS[route] for route in routes)
