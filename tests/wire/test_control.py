from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wire.control import (
    EndStream,
    KeyFrameRequest,
    LayerWatched,
    MapRequest,
    Message,
    RecordChanged,
    parse_message,
)
from wire.errors import BadMessage

MESSAGES: list[tuple[Message, dict[str, str]]] = [
    (
        KeyFrameRequest(rendition="enhanced", reason="viewer joined"),
        {"type": "key_frame", "rendition": "enhanced", "reason": "viewer joined"},
    ),
    (RecordChanged(), {"type": "record_changed"}),
    (MapRequest(rendition="enhanced"), {"type": "map_wanted", "rendition": "enhanced"}),
    (LayerWatched(rendition="source-l"), {"type": "layer_watched", "rendition": "source-l"}),
    (EndStream(), {"type": "end_stream"}),
]


@pytest.mark.parametrize(("message", "fields"), MESSAGES)
def test_messages_are_the_json_of_the_protocol(message: Message, fields: dict[str, str]) -> None:
    assert json.loads(msgspec.json.encode(message)) == fields
    assert parse_message(json.dumps(fields).encode()) == message


def test_a_reason_may_be_left_out_and_later_fields_are_ignored() -> None:
    data = b'{"type":"key_frame","rendition":"source","colour":"green"}'
    assert parse_message(data) == KeyFrameRequest(rendition="source")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"type":"dance"}',
        b'{"type":"key_frame"}',
        b'{"type":"map_wanted"}',
        b'{"type":"layer_watched"}',
        b'{"type":"key_frame","rendition":3}',
        b'{"type":"key_frame","rendition":"\xff"}',
        b'{"type":"end_stream","x":' + b"[" * 100_000,
    ],
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(BadMessage, match="control message: "):
        parse_message(data)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.binary(max_size=60))
def test_arbitrary_bytes_raise_nothing_but_bad_message(data: bytes) -> None:
    try:
        message = parse_message(data)
    except BadMessage:
        return
    assert parse_message(msgspec.json.encode(message)) == message
