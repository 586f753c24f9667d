"""A frame between threads: each of them stamps its own copy."""

from __future__ import annotations

import pytest

from media.access_unit import AccessUnit, Checkpoint
from wire import clock
from workers.media.frame_info import CodecInfo
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route

from ..clips import Clip, units


@pytest.fixture(scope="module")
def unit() -> AccessUnit:
    (made,) = units(Clip(frames=1))
    return made


def test_stamps_follow_those_of_the_source_in_the_order_of_travel(unit: AccessUnit) -> None:
    task, before_us = FrameTask(unit, Route.WORK, arrived=1.0), clock.now_us()
    task.stamp(Checkpoint.DECODED)
    task.stamp(Checkpoint.ENHANCED)
    places = [place for place, _ in task.all_stamps()]
    assert places == [
        Checkpoint.ARRIVED, Checkpoint.LOGGED, Checkpoint.DECODED, Checkpoint.ENHANCED,
    ]  # fmt: skip
    (_, decoded_us), (_, enhanced_us) = task.all_stamps()[2:]
    assert before_us <= decoded_us <= enhanced_us <= clock.now_us()
    # The unit itself is what every other rendition reads too.
    assert len(unit.stamps) == 2


def test_a_copy_for_another_thread_has_stamps_of_its_own_and_the_same_picture(
    unit: AccessUnit,
) -> None:
    info = CodecInfo(is_key=True, coded_bytes=1)
    task = FrameTask(unit, Route.WORK, arrived=2.5, is_replay=True, info=info)
    task.picture = Picture.blank(64, 48)
    task.stamp(Checkpoint.DECODED)
    copied = task.copy_for(Route.RECODE)
    assert (copied.route, task.route) == (Route.RECODE, Route.WORK)
    assert copied.picture is task.picture and copied.info is info
    assert (copied.arrived, copied.is_replay, copied.unit) == (2.5, True, unit)
    copied.stamp(Checkpoint.ENCODED)
    task.stamp(Checkpoint.ENHANCED)
    assert [place for place, _ in copied.stamps] == [Checkpoint.DECODED, Checkpoint.ENCODED]
    assert [place for place, _ in task.stamps] == [Checkpoint.DECODED, Checkpoint.ENHANCED]


def test_a_new_task_has_no_picture_and_shares_no_list(unit: AccessUnit) -> None:
    one, other = (FrameTask(unit, Route.COPY, arrived=0.0) for _ in range(2))
    one.stamp(Checkpoint.DECODED)
    assert other.stamps == [] and other.picture is None and other.info is None
    assert not other.is_replay


def test_a_copied_frame_keeps_its_picture_when_the_first_one_is_enhanced(unit: AccessUnit) -> None:
    task = FrameTask(unit, Route.WORK, arrived=0.0)
    source = task.picture = Picture.blank(64, 48)
    copied = task.copy_for(Route.RECODE)
    task.picture = Picture.blank(128, 96)
    assert copied.picture is source


def test_a_frame_that_was_held_on_purpose_is_as_young_as_before(unit: AccessUnit) -> None:
    task = FrameTask(unit, Route.WORK, arrived=3.0)
    assert task.due == 3.0
    task.held_s = 0.25
    assert task.due == 3.25 and task.copy_for(Route.WORK).due == 3.25
