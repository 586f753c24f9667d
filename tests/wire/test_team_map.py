from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.errors import BadMessage
from wire.heartbeat import StreamWork, WorkerBeat, parse_beat
from wire.team_map import DIGITS, MAX_CELLS, MAX_DEVICES, NOBODY, TeamMap

FIELDS: dict[str, Any] = {
    "width": 40, "height": 20, "cell": 16, "devices": ["lead", "dev1"], "cells": "01..1.",
}  # fmt: skip


def beat(**changes: Any) -> bytes:
    """A worker's heartbeat with a map."""
    work = StreamWork(stream="cam1", rendition="enhanced", epoch=3, state="enhancing")
    whole = WorkerBeat(
        name="lead", host="h", pid=1, started_us=2, engines=[], models=[], capacity=1.0, load=0.5,
        ms_per_frame=8.0, streams=[work],
    )  # fmt: skip
    fields = msgspec.to_builtins(whole)
    fields["streams"][0]["team_map"] = FIELDS | changes
    return json.dumps(fields).encode()


def test_a_map_comes_with_the_heartbeat_as_it_was() -> None:
    found = parse_beat(beat()).streams[0].team_map
    assert found == TeamMap(**FIELDS)
    assert (found.columns, found.rows) == (3, 2)


def test_a_heartbeat_without_a_map_has_none() -> None:
    assert StreamWork(stream="a", rendition="b", epoch=1, state="idle").team_map is None


def test_the_largest_map_fits_in_a_kilobyte_and_a_half() -> None:
    """Also with names as long as they may be."""
    whole = TeamMap(
        width=32, height=18, cell=1, devices=["d" * 64] * MAX_DEVICES, cells="f" * MAX_CELLS
    )
    assert len(msgspec.json.encode(whole)) < 1.75 * 1024
    assert len(DIGITS) == MAX_DEVICES and NOBODY not in DIGITS


@pytest.mark.parametrize(
    "changes",
    [
        {"cells": "01..1"},
        {"cells": "01..1.."},
        {"cells": "01..2."},
        {"cells": "01..1 "},
        {"cells": "01..1\u0661"},
        {"cells": ""},
        {"width": 0},
        {"width": 10**6},
        {"height": -1},
        {"cell": 0},
        {"devices": []},
        {"devices": [""]},
        {"devices": ["d" * 65]},
        {"devices": ["d"] * (MAX_DEVICES + 1)},
        {"width": 4000, "height": 4000, "cell": 1, "cells": "." * (MAX_CELLS + 1)},
        {"cells": 7},
    ],
)
def test_a_map_that_contradicts_itself_or_is_too_large_is_refused(changes: Any) -> None:
    with pytest.raises(BadMessage, match="heartbeat: "):
        parse_beat(beat(**changes))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_damaged_map_is_refused_or_holds_together(place: int, byte: int) -> None:
    data = bytearray(beat())
    data[place % len(data)] = byte
    try:
        found = parse_beat(bytes(data)).streams
    except BadMessage:
        return
    for work in found:
        if work.team_map is not None:
            assert len(work.team_map.cells) == work.team_map.rows * work.team_map.columns
