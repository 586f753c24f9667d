from __future__ import annotations

import random

import pytest

from tests.wire.remote.letters import INVITE, RESULT, TASK
from wire.errors import BadMessage
from wire.remote.team_units import TeamLetter, encode_letter, parse_letter
from wire.team import MAX_LEFT_S, TeamMessage


@pytest.mark.parametrize("message", [INVITE, TASK, RESULT], ids=lambda each: type(each).__name__)
def test_a_letter_is_read_as_it_was_written(message: TeamMessage) -> None:
    letter = TeamLetter("worker-1", message, 0.125)
    assert parse_letter(encode_letter(letter)) == letter


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
