"""Control messages arrive in order and for certain, whatever the path does."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.link.control_stream import (
    MAX_CONTROL_BYTES,
    MAX_RETRY_S,
    MAX_WAITING,
    MIN_RETRY_S,
    WINDOW,
    ControlReceiver,
    ControlSender,
)
from wire.link.datagram import MAX_PIECE_BYTES, ControlPiece

RTT_S = 0.04


def due(sender: ControlSender, *, now: float) -> list[ControlPiece]:
    """All pieces that leave now."""
    found = []
    while (piece := sender.next_piece(rtt_s=RTT_S, now=now)) is not None:
        found.append(ControlPiece(0, 0, *piece))
    return found


@given(
    st.lists(st.binary(max_size=3 * MAX_PIECE_BYTES), min_size=1, max_size=8),
    st.integers(0, 1000),
    st.sampled_from([0.0, 0.3, 0.8]),
)
def test_all_arrive_in_order(contents: list[bytes], seed: int, loss: float) -> None:
    rng = random.Random(seed)
    sender, receiver = ControlSender(), ControlReceiver()
    for content in contents:
        assert sender.add(content)
    found: list[bytes] = []
    now = 0.0
    while sender.waiting:
        pieces = [piece for piece in due(sender, now=now) if rng.random() >= loss]
        rng.shuffle(pieces)
        for piece in pieces:
            found += receiver.read(piece)
        if rng.random() >= loss:
            sender.acknowledge(receiver.awaited)
        now += 0.1
        assert now < 200
    assert found == contents


def test_a_piece_is_sent_again_later_and_later() -> None:
    sender = ControlSender()
    sender.add(b"x")
    times = []
    for step in range(600):
        if due(sender, now=step / 100):
            times.append(step / 100)
    gaps = [after - before for before, after in zip(times, times[1:], strict=False)]
    assert gaps[0] >= max(MIN_RETRY_S, RTT_S)
    assert gaps == pytest.approx(sorted(gaps), abs=1e-6)
    assert gaps[-1] == pytest.approx(MAX_RETRY_S, abs=0.02)
    assert sender.repeated == len(times) - 1
    assert sender.next_deadline() == pytest.approx(times[-1] + MAX_RETRY_S, abs=0.02)


def test_only_a_window_is_on_its_way() -> None:
    sender = ControlSender()
    for _ in range(WINDOW + 5):
        sender.add(b"x")
    assert [piece.serial for piece in due(sender, now=0.0)] == list(range(WINDOW))
    sender.acknowledge(3)
    assert [piece.serial for piece in due(sender, now=0.0)] == [WINDOW, WINDOW + 1, WINDOW + 2]


def test_the_queue_is_bounded() -> None:
    sender = ControlSender()
    assert all(sender.add(b"") for _ in range(MAX_WAITING))
    assert not sender.add(b"")
    sender.acknowledge(1)
    assert sender.add(b"")
    with pytest.raises(ValueError, match="at most 65536 bytes"):
        sender.add(bytes(MAX_CONTROL_BYTES + 1))


def test_acknowledgements_that_are_old_or_wrong_have_no_effect() -> None:
    sender = ControlSender()
    for _ in range(4):
        sender.add(b"x")
    sender.acknowledge(2)
    for wrong in (1, 5, 1 << 31, (1 << 32) - 1):
        sender.acknowledge(wrong)
    assert sender.waiting == 2
    sender.acknowledge(4)
    assert sender.waiting == 0
    assert sender.next_deadline() is None


def test_serials_wrap() -> None:
    receiver = ControlReceiver()
    receiver.awaited = (1 << 32) - 1
    assert receiver.read(ControlPiece(0, 0, 0, True, b"second")) == []
    assert receiver.read(ControlPiece(0, 0, (1 << 32) - 1, True, b"first")) == [b"first", b"second"]
    assert receiver.awaited == (1 << 32) + 1


def test_pieces_outside_the_window_are_thrown_away() -> None:
    receiver = ControlReceiver()
    assert receiver.read(ControlPiece(0, 0, WINDOW, True, b"far")) == []
    assert receiver.read(ControlPiece(0, 0, (1 << 32) - 1, True, b"old")) == []
    assert receiver.read(ControlPiece(0, 0, 0, True, b"x")) == [b"x"]
    assert receiver.awaited == 1


def test_a_message_that_is_too_long_is_refused_and_the_next_one_read() -> None:
    receiver = ControlReceiver()
    serial = 0
    for _ in range(MAX_CONTROL_BYTES // MAX_PIECE_BYTES + 2):
        assert receiver.read(ControlPiece(0, 0, serial, False, bytes(MAX_PIECE_BYTES))) == []
        serial += 1
    assert receiver.read(ControlPiece(0, 0, serial, True, b"end")) == []
    assert receiver.refused == 1
    assert receiver.read(ControlPiece(0, 0, serial + 1, True, b"next")) == [b"next"]
