from __future__ import annotations

import random

import pytest

from tests.wire.link.virtual_path import Pair, Path
from tests.wire.remote.letters import DISMISS, FAILED, INVITE, READY, RESULT, TASK
from wire.errors import BadMessage
from wire.link.message import Message
from wire.remote.team_units import TEAM, TeamLetter, carry_letter, encode_letter, parse_letter
from wire.team import MAX_LEFT_S, TeamMessage


@pytest.mark.parametrize("message", [INVITE, TASK, RESULT], ids=lambda each: type(each).__name__)
def test_a_letter_is_read_as_it_was_written(message: TeamMessage) -> None:
    letter = TeamLetter("worker-1", message, 0.125)
    assert parse_letter(encode_letter(letter)) == letter


@pytest.mark.parametrize(
    ("message", "is_precious"),
    [(TASK, True)] + [(each, False) for each in (INVITE, DISMISS, READY, RESULT, FAILED)],
    ids=lambda each: type(each).__name__,
)
def test_tasks_alone_are_precious(message: TeamMessage, is_precious: bool) -> None:
    letter = TeamLetter("w", message, 0.125)
    carried = carry_letter(letter, 65536 + 7)
    assert (carried.kind, carried.lane, carried.serial) == (TEAM, 0, 7)
    assert carried.is_precious is is_precious
    assert parse_letter(carried.content) == letter


def test_a_lost_task_hardly_waits_for_its_repetition_beside_a_source() -> None:
    """On 20 Mbit/s and 40 ms with 5 % of the datagrams lost, pictures between the tasks."""
    path = Path(rate_bps=20e6, loss=0.05)
    pair = Pair(path, Path(rate_bps=20e6, loss=0.05), seed=3)
    sent: dict[int, float] = {}
    for number in range(900):
        pair.run(12.0 + number / 30)
        pair.send(0, Message(1, 0, number, bytes(8000), is_precious=True), 0.5)
        pair.send(0, carry_letter(TeamLetter("lead", TASK, 0.2), number), 0.22)
        sent[number] = pair.now
    pair.run(pair.now + 1.0)
    came = {message.serial: when for when, message in pair.messages[1] if message.kind == TEAM}
    assert len(came) >= 899
    # Without it every twentieth waits.
    assert sum(came[number] - sent[number] > 0.04 for number in came) < 0.03 * 900


@pytest.mark.parametrize(("left_s", "read"), [(-1.0, 0.0), (0.0, 0.0), (1e9, MAX_LEFT_S)])
def test_times_are_within_their_limits(left_s: float, read: float) -> None:
    assert parse_letter(encode_letter(TeamLetter("w", TASK, left_s))).left_s == read


@pytest.mark.parametrize("name", ["", "-w", "a b", "x" * 65, "a:b", "a\n"])
def test_what_is_no_name_of_a_worker_is_refused(name: str) -> None:
    with pytest.raises(BadMessage, match="names no worker"):
        parse_letter(encode_letter(TeamLetter(name, TASK, 0.1)))


def test_a_name_is_ascii() -> None:
    with pytest.raises(BadMessage):
        parse_letter(encode_letter(TeamLetter("wörker", TASK, 0.1)))


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_letter_without_a_head_is_refused(size: int) -> None:
    with pytest.raises(BadMessage, match="has no head"):
        parse_letter(bytes(size))


def test_cut_and_changed_letters_are_read_or_refused_and_nothing_else() -> None:
    rng = random.Random(5)
    data = encode_letter(TeamLetter("worker-1", TASK, 0.125))
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] = rng.randrange(256)
        for each in (data[:at], bytes(changed)):
            try:
                parse_letter(each)
            except BadMessage:
                pass
