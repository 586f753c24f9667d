"""Messages between app nodes: ``node_messages.py``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire import app_heartbeat, control
from wire.app_heartbeat import AppBeat, NodeStream
from wire.connection import Redis
from wire.errors import BadMessage
from wire.node_messages import (
    MAX_LENGTH,
    SessionKind,
    SessionReply,
    SessionRequest,
    parse_node_message,
    to_node,
)

PROTOCOL = (Path(control.__file__).parent / "PROTOCOL.md").read_text().split("## 12. App nodes")[1]
REQUEST = SessionRequest(
    id="5d0c", reply_to="paris", kind=SessionKind.WHEP, stream="cam1", secret="AbC"
)


def test_the_request_is_the_one_of_the_protocol() -> None:
    (shown,) = re.findall(r"```json\n(.*?)```", PROTOCOL, re.DOTALL)
    assert parse_node_message(shown.encode()) == REQUEST
    sent = json.loads(msgspec.json.encode(REQUEST))
    assert json.loads(shown).items() <= sent.items()


@pytest.mark.parametrize("kind", [SessionRequest, SessionReply, AppBeat, NodeStream])
def test_every_field_is_in_the_protocol(kind: type[msgspec.Struct]) -> None:
    for name in kind.__struct_fields__:
        assert f"`{name}`" in PROTOCOL, name


def test_the_numbers_of_the_protocol_are_those_of_the_code() -> None:
    assert f"the last {MAX_LENGTH} |" in PROTOCOL
    assert f"{app_heartbeat.EXPIRY_MS // 1000} s after the last beat" in PROTOCOL
    assert app_heartbeat.PERIOD_S == 1.0


@pytest.mark.parametrize(
    "fields",
    [
        {"reply_to": "a.b"},
        {"reply_to": "*"},
        {"kind": "rtmp"},
        {"id": "x" * 65},
        {"fragment": "x" * 65_537},
        {"if_match": "x" * 257},
        {"secret": None},
    ],
)
def test_what_is_no_request_is_refused(fields: dict[str, object]) -> None:
    good = json.loads(msgspec.json.encode(REQUEST))
    with pytest.raises(BadMessage):
        parse_node_message(json.dumps(good | fields).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        parse_node_message(data)
    except BadMessage:
        pass


async def test_a_mailbox_carries_requests_and_counts_what_is_none(redis_client: Redis) -> None:
    inbox = to_node(redis_client, "paris")
    assert await inbox.read(block_ms=1) == []
    await to_node(redis_client, "paris").send(REQUEST)
    await control.to_lead(redis_client, "cam1").send(control.RecordChanged())
    assert await inbox.read(block_ms=1000) == [REQUEST]
    reply = SessionReply(id="5d0c", status=404, detail="No such session.")
    await inbox.send(reply)
    assert await inbox.read(block_ms=1000) == [reply]
    assert inbox.bad_messages == 0
