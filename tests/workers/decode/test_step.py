from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import av
import pytest

from media.access_unit import AccessUnit, Checkpoint, Flags
from media.codec import Codec
from media.vp9_frame import split_superframe
from tests.app import coding
from workers.decode.step import INTERLACED, DecodeStep, count_drop
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters

from ..clips import Clip, picture, units


class Studio:
    """A decoding step and what it tells."""

    def __init__(self) -> None:
        self.counters = FrameCounters()
        self.wishes: list[str] = []
        self.step = DecodeStep(partial(count_drop, self.counters), need_key=self.wishes.append)

    def put(self, unit: AccessUnit, *, replay: bool = False) -> list[FrameTask]:
        return list(self.step.step(FrameTask(unit, Route.WORK, arrived=0.0, is_replay=replay)))


def vp9_with_hidden_frames(count: int) -> Iterator[bytes]:
    """What libvpx makes when it may look ahead: superframes of a hidden frame and a shown one."""
    context: Any = av.CodecContext.create("libvpx-vp9", "w")
    context.width, context.height, context.pix_fmt = 64, 48, "yuv420p"
    context.time_base, context.bit_rate, context.gop_size = Fraction(1, 30), 200_000, 1000
    context.options = {
        "deadline": "realtime",
        "cpu-used": "5",
        "lag-in-frames": "25",
        "auto-alt-ref": "1",
    }
    for index in range(count):
        frame = picture(index, 64, 48, noise=8).frame
        frame.pts, frame.time_base = index, context.time_base
        yield from map(bytes, context.encode(frame))
    yield from map(bytes, context.encode(None))


def as_units(payloads: list[bytes]) -> list[AccessUnit]:
    """Units that follow each other."""
    (model,) = units(Clip(codec=Codec.VP9, frames=1))
    return [
        dataclasses.replace(
            model,
            payload=payload,
            sequence=n,
            pts=3000 * n,
            flags=Flags.NONE if n else Flags.KEY,
        )
        for n, payload in enumerate(payloads)
    ]


@pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8, Codec.VP9])
def test_a_unit_leaves_with_its_own_picture(codec: Codec) -> None:
    studio = Studio()
    for unit in units(Clip(codec=codec, frames=5)):
        (task,) = studio.put(unit)
        assert task.unit is unit
        assert task.picture is not None
        assert (task.picture.width, task.picture.height) == (64, 48)
        assert task.stamps[-1][0] is Checkpoint.DECODED
    assert studio.wishes == []


def test_interlaced_pictures_are_remarked_on_and_progressive_ones_are_not() -> None:
    (model,) = units(Clip(frames=1))
    for options, remark in (("interlaced=1", INTERLACED), ("", "")):
        studio = Studio()
        assert studio.step.remark == "The worker waits for a key frame from the publisher."
        for n, data in enumerate(coding.h264(96, 64, 4, profile="High", options=options)):
            flags = Flags.NONE if n else Flags.KEY
            studio.put(dataclasses.replace(model, payload=data, sequence=n, flags=flags))
        assert studio.step.remark == remark


def test_a_hidden_frame_in_a_superframe_costs_nothing() -> None:
    payloads = list(vp9_with_hidden_frames(30))
    assert any(len(split_superframe(payload)) > 1 for payload in payloads)
    studio = Studio()
    tasks = [task for unit in as_units(payloads) for task in studio.put(unit)]
    assert len(tasks) == len(payloads) == 30
    assert studio.counters.read().dropped == {}


@pytest.mark.parametrize("replay", [False, True])
def test_a_unit_of_a_hidden_frame_alone_is_counted_and_the_next_ones_are_shown(
    replay: bool,
) -> None:
    payloads = [
        part for payload in vp9_with_hidden_frames(30) for part in split_superframe(payload)
    ]
    hidden = len(payloads) - 30
    assert hidden > 0
    studio = Studio()
    tasks = [task for unit in as_units(payloads) for task in studio.put(unit, replay=replay)]
    assert len(tasks) == 30
    counts = studio.counters.read()
    assert counts.dropped == ({} if replay else {"hidden": hidden})
    assert counts.replayed == (hidden if replay else 0)
    assert list(studio.step.flush()) == []
    assert studio.counters.read().dropped == counts.dropped
    assert studio.wishes == []


def test_an_h264_unit_that_never_becomes_a_picture_is_counted_in_time() -> None:
    studio = Studio()
    clip = list(units(Clip(frames=40)))
    # Something like a slice that FFmpeg takes without a word.
    clip.insert(5, dataclasses.replace(clip[5], payload=b"\0\0\0\1\x41nothing"))
    clip = [dataclasses.replace(unit, sequence=n) for n, unit in enumerate(clip)]
    shown = sum(len(studio.put(unit)) for unit in clip[:37])
    assert shown == 36 and studio.counters.read().dropped == {}
    shown += sum(len(studio.put(unit)) for unit in clip[37:])
    assert shown == 40 and studio.counters.read().dropped == {"broken": 1}


def test_after_a_vp9_unit_that_cannot_be_decoded_nothing_is_until_the_next_key_frame() -> None:
    studio = Studio()
    clip = list(units(Clip(codec=Codec.VP9, frames=6, key_every=4)))
    clip[1] = dataclasses.replace(clip[1], payload=b"\0" + clip[1].payload[1:])
    shown = [task.unit.sequence for unit in clip for task in studio.put(unit)]
    assert shown == [0, 4, 5]
    assert studio.wishes == ["a unit could not be decoded"] * 3
    assert studio.counters.read().dropped == {"broken": 3}
