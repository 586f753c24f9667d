from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from app.rtp.jitter_buffer import CodedUnit
from app.rtp.unit_joiner import HOLD_S, Markers, UnitJoiner
from media.fragment import PayloadStart
from media.limits import MAX_NALS, MAX_PREFIX_BYTES, MAX_UNIT_BYTES

FRAME = 3000


def part(pts: int, data: bytes = b"x", *, lost: bool = False) -> CodedUnit:
    return CodedUnit(pts, data, pts, pts + 1, lost)


class Sender:
    """Gives a joiner parts and notes what leaves."""

    def __init__(self) -> None:
        self.joiner = UnitJoiner()
        self.units: list[CodedUnit] = []
        self.now = 0.0

    def send(self, *parts: CodedUnit, slices: bool = True) -> list[CodedUnit]:
        out = []
        for each in parts:
            out += self.joiner.add(each, has_slice=slices, now=self.now)
        self.units += out
        return out

    def prefix(self, *parts: CodedUnit) -> None:
        assert self.send(*parts, slices=False) == []

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.units += self.joiner.on_time(now=self.now)


def test_after_two_pictures_that_ended_at_their_marker_units_leave_at_once() -> None:
    sender = Sender()
    assert sender.send(part(0)) == []
    assert [u.pts for u in sender.send(part(FRAME))] == [0]
    assert [u.pts for u in sender.send(part(2 * FRAME))] == [FRAME, 2 * FRAME]
    assert sender.joiner.markers is Markers.BELIEVED
    assert [u.pts for u in sender.send(part(3 * FRAME))] == [3 * FRAME]
    assert sender.joiner.next_deadline() is None


def test_slices_with_a_marker_each_become_one_unit() -> None:
    sender = Sender()
    for number in range(20):
        sender.send(*(part(FRAME * number, bytes([number, n])) for n in range(4)))
    sender.wait(HOLD_S)
    assert [u.pts for u in sender.units] == [FRAME * n for n in range(20)]
    assert all(len(u.data) == 8 and not u.discontinuity for u in sender.units)
    assert sender.joiner.torn == 0


def test_a_held_unit_leaves_when_the_sender_pauses() -> None:
    sender = Sender()
    sender.send(part(0))
    assert sender.joiner.next_deadline() == HOLD_S
    sender.wait(HOLD_S / 2)
    assert sender.units == []
    sender.wait(HOLD_S / 2)
    assert [u.pts for u in sender.units] == [0]
    assert sender.joiner.next_deadline() is None


def test_parts_without_a_slice_go_before_the_next_picture_whatever_their_time() -> None:
    sender = Sender()
    for number in range(5):
        sender.prefix(part(FRAME * (number - 1), b"sps"), part(FRAME * (number - 1), b"pps"))
        sender.send(part(FRAME * number, b"idr"))
    sender.wait(HOLD_S)
    assert [(u.pts, u.data) for u in sender.units] == [(FRAME * n, b"spsppsidr") for n in range(5)]
    assert sender.units[1].first_arrival_us == 0


def test_what_stands_between_two_fields_stays_there() -> None:
    sender = Sender()
    for number in range(3):
        sender.send(part(FRAME * number, b"top"))
        sender.prefix(part(FRAME * number, b"sei"))
        sender.send(part(FRAME * number, b"bottom"))
    sender.wait(HOLD_S)
    assert [u.data for u in sender.units] == [b"topseibottom"] * 3


def test_a_loss_before_a_prefix_is_noted_on_its_unit() -> None:
    sender = Sender()
    sender.prefix(part(0, lost=True))
    sender.send(part(0), part(FRAME))
    assert [u.discontinuity for u in sender.units] == [True]


def test_markers_that_were_believed_wrongly_cost_one_unit() -> None:
    sender = Sender()
    for number in range(5):
        sender.send(part(FRAME * number))
    for number in range(5, 10):
        sender.send(part(FRAME * number, b"a"), part(FRAME * number, b"b"))
    sender.wait(HOLD_S)
    assert sender.joiner.torn == 1
    assert [(u.pts // FRAME, u.data, u.discontinuity) for u in sender.units[5:]] == [
        (5, b"a", False), (6, b"ab", True), (7, b"ab", False), (8, b"ab", False),
        (9, b"ab", False),
    ]  # fmt: skip
    for number in range(10, 12):
        sender.send(part(FRAME * number))
    assert sender.joiner.markers is Markers.DOUBTED


def test_vp9s_cuts_move_with_their_layers() -> None:
    sender = Sender()
    first = CodedUnit(0, b"base", 0, 0, False, PayloadStart.KEY)
    second = CodedUnit(0, b"midtop", 0, 0, False, PayloadStart.FRAME, cuts=(3,))
    sender.send(first, second, part(FRAME))
    assert (sender.units[0].cuts, sender.units[0].head) == ((4, 7), PayloadStart.KEY)


def test_neither_a_unit_nor_a_prefix_grows_beyond_its_bound() -> None:
    sender = Sender()
    for _ in range(200):
        sender.prefix(part(0, bytes(1000)))
        assert len(sender.joiner._prefix.data if sender.joiner._prefix else b"") <= MAX_PREFIX_BYTES
    for _ in range(40):
        sender.send(part(0, bytes(100_000)))
    for _ in range(3000):
        sender.send(part(FRAME, b"x"))
    sender.send(part(2 * FRAME))
    assert all(len(u.data) <= MAX_UNIT_BYTES for u in sender.units)
    assert sender.units[-1].discontinuity
    assert sender.joiner.torn


def test_a_unit_of_many_large_parts_is_copied_once() -> None:
    data = bytes(MAX_UNIT_BYTES // MAX_NALS)
    took = []
    for _ in range(3):
        sender = Sender()
        begun = time.perf_counter()
        sender.send(*(part(0, data) for _ in range(MAX_NALS)), part(FRAME))
        took.append(time.perf_counter() - begun)
        assert [len(unit.data) for unit in sender.units] == [MAX_UNIT_BYTES]
    assert min(took) < 0.1, "copied with each part it took half a second"


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.floats(0, 0.2)), max_size=60))
def test_no_slice_is_given_out_twice_nor_two_units_with_one_time(
    steps: list[tuple[int, bool, float]],
) -> None:
    sender, pts = Sender(), 0
    for number, (step, slices, wait) in enumerate(steps):
        sender.wait(wait)
        pts += step * FRAME
        sender.send(part(pts, b"%d," % number), slices=slices)
    sender.wait(1.0)
    numbers = [n for u in sender.units for n in u.data.split(b",") if n]
    assert len(set(numbers)) == len(numbers)
    assert numbers == sorted(numbers, key=int)
    gone = [u.pts for u in sender.units]
    assert sorted(set(gone)) == gone
