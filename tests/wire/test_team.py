"""Team messages: what is taken, what is refused, and what the protocol says of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wire.team_messages import RESULT, TASK, TEAM, one_of_each
from wire import team
from wire.errors import BadMessage
from wire.link.message import MAX_CONTENT_BYTES
from wire.team import TaskRegion, TeamMessage, encode_team_message, parse_team_message

PROTOCOL = (Path(team.__file__).parent / "PROTOCOL.md").read_text().split("## 13. Teams")[1]


def changed(message: TeamMessage, **fields: object) -> bytes:
    """The bytes of a message with other fields, whatever they are."""
    built: dict[str, Any] = msgspec.to_builtins(message, builtin_types=(bytes,))
    return msgspec.msgpack.encode(built | fields)


@pytest.mark.parametrize("message", one_of_each(), ids=lambda each: type(each).__name__)
def test_what_is_encoded_is_parsed_to_the_same(message: TeamMessage) -> None:
    assert parse_team_message(encode_team_message(message)) == message


def test_fields_of_later_versions_are_ignored() -> None:
    assert parse_team_message(changed(TASK, colour="green")) == TASK


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (TASK, {"type": "dance"}),
        (TASK, {"stream": ""}),
        (TASK, {"stream": "a}b"}),
        (TASK, {"rendition": "source"}),
        (TASK, {"epoch": -1}),
        (TASK, {"epoch": 2**53}),
        (TASK, {"number": 2**32}),
        (TASK, {"regions": []}),
        (TASK, {"regions": [[0, 0, 8, 8]] * (team.MAX_TASK_REGIONS + 1)}),
        (TASK, {"regions": [[0, 0, 0, 8]]}),
        (TASK, {"regions": [[-8, 0, 8, 8]]}),
        (TASK, {"regions": [[0, 0, 8]]}),
        (TASK, {"regions": [[0, 0, 8, 9000]]}),
        (TASK, {"quality": 101}),
        (RESULT, {"coded": []}),
        (RESULT, {"coded": [b""] * (team.MAX_TASK_REGIONS + 1)}),
        (RESULT, {"coded": [bytes(team.MAX_RESULT_BYTES + 1)]}),
        (RESULT, {"coded": [bytes(team.MAX_RESULT_BYTES), b"x"]}),
        (RESULT, {"engine_ms": float("nan")}),
        (RESULT, {"whole_ms": float("inf")}),
        (RESULT, {"late_ms": -1.0}),
        (one_of_each()[0], {"strength": 1.5}),
        (one_of_each()[0], {"model": ""}),
        (one_of_each()[2], {"free": 1.01}),
        (one_of_each()[3], {"reason": "x" * 501}),
    ],
)
def test_what_is_beyond_its_bounds_is_refused(
    message: TeamMessage, fields: dict[str, object]
) -> None:
    with pytest.raises(BadMessage):
        parse_team_message(changed(message, **fields))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        parse_team_message(data)
    except BadMessage:
        pass


def test_the_largest_result_fits_a_link() -> None:
    coded = (bytes(team.MAX_RESULT_BYTES - 47), *[b"x"] * 47)
    largest = encode_team_message(
        msgspec.structs.replace(RESULT, stream="s" * 64, rendition="r" * 16, coded=coded)
    )
    assert len(largest) < MAX_CONTENT_BYTES - 1000


def test_a_task_of_one_region_is_small() -> None:
    assert len(encode_team_message(msgspec.structs.replace(TASK, regions=TASK.regions[:1]))) < 100


@pytest.mark.parametrize("message", one_of_each(), ids=lambda each: type(each).__name__)
def test_every_field_is_in_the_protocol_and_no_other(message: TeamMessage) -> None:
    tag = str(type(message).__struct_config__.tag)
    (row,) = re.findall(rf"^\| `{tag}` \| \w+ \| (.*) \| .* \|$", PROTOCOL, re.MULTILINE)
    names = re.findall(r"`(\w+)`", row)
    assert set(names) == set(message.__struct_fields__) - TEAM.keys()
    assert TaskRegion.__struct_fields__ == ("top", "left", "height", "width")


def test_the_numbers_of_the_protocol_are_those_of_the_code() -> None:
    assert f"keeps the last {team.MAX_MESSAGES}\nmessages" in PROTOCOL
    assert f"at most {1000 * team.MAX_LEFT_S:.0f})" in PROTOCOL
    assert f"1 to {team.MAX_TASK_REGIONS} arrays" in PROTOCOL
    assert f"{team.MAX_RESULT_BYTES} in all" in PROTOCOL
