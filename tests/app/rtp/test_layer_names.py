"""Which source is which layer: ``layer_names.py``."""

from __future__ import annotations

from app.rtp.layer_names import MAX_SOURCES, LayerNames


def test_a_source_keeps_its_name_when_the_sender_leaves_it_out() -> None:
    names = LayerNames()
    assert names.name(0x1234) == "00001234"
    names.call(0x1234, "h")
    assert names.name(0x1234) == "h"


def test_a_source_of_retransmissions_tells_whose_they_are() -> None:
    names = LayerNames()
    assert names.repaired_by(9) == ""
    names.call_repair(9, "l")
    assert names.repaired_by(9) == "l"
    assert names.name(9) == "00000009"


def test_a_layer_may_come_from_another_source() -> None:
    names = LayerNames()
    names.call(1, "h")
    names.call(2, "h")
    assert names.name(1) == names.name(2) == "h"


def test_what_is_remembered_is_bounded_and_the_last_named_stay() -> None:
    names = LayerNames()
    names.call(0, "h")
    for ssrc in range(1, 10 * MAX_SOURCES):
        names.call(ssrc, "x")
        names.call(0, "h")
        names.call_repair(ssrc, "x")
    assert names.name(0) == "h"
    assert len(names._names) == len(names._repaired) == MAX_SOURCES
