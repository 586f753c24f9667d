"""Groups of pictures for viewers who saw a part of them."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from app.delivery.catch_up import catch_up
from app.rtp.send_queue import PacketizedFrame
from media.codec import Codec

TICKS = 3000


def group(count: int) -> list[PacketizedFrame]:
    return [
        PacketizedFrame(
            payloads=(bytes([number % 256]),),
            codec=Codec.H264,
            pts=number * TICKS,
            clock_rate=90_000,
            capture_us=0,
            is_video=True,
            is_key=number == 0,
        )
        for number in range(count)
    ]


def test_what_was_not_shown_keeps_its_time_and_the_rest_lasts_no_millisecond() -> None:
    units = group(60)
    sent = catch_up(units, shown=49 * TICKS)
    assert [unit.payloads for unit in sent] == [unit.payloads for unit in units]
    assert [unit.pts for unit in sent[50:]] == [unit.pts for unit in units[50:]]
    steps = [b.pts - a.pts for a, b in itertools.pairwise(sent[:51])]
    assert all(0 < step < 90 for step in steps)
    assert max(steps[:-1]) <= 9
    assert sent[0].pts > 49 * TICKS
    assert [unit.is_live for unit in sent] == [False] * 59 + [True]


@pytest.mark.parametrize("count", [2, 61, 250])
def test_time_never_goes_back_however_long_the_group(count: int) -> None:
    shown = (count - 2) * TICKS
    sent = catch_up(group(count), shown=shown)
    times = [shown, *(unit.pts for unit in sent)]
    assert all(a < b for a, b in itertools.pairwise(times))


def test_who_saw_nothing_gets_all_at_its_time() -> None:
    units = group(5)
    assert [unit.pts for unit in catch_up(units, shown=None)] == [unit.pts for unit in units]


def test_who_saw_all_gets_it_behind_what_was_shown() -> None:
    sent = catch_up(group(5), shown=4 * TICKS)
    times = [4 * TICKS, *(unit.pts for unit in sent)]
    assert all(0 < b - a < 90 for a, b in itertools.pairwise(times))


def test_the_units_themselves_are_not_changed() -> None:
    units = group(5)
    kept = [dataclasses.replace(unit) for unit in units]
    catch_up(units, shown=2 * TICKS)
    assert units == kept
    assert catch_up([], shown=1) == []
