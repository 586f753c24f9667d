"""The audit log of a node."""

from __future__ import annotations

import json
import logging

import pytest

from app.access.audit import MAX_LENGTH, Audit
from wire.connection import Redis, connect


async def test_an_act_is_a_line_of_json_and_an_entry(
    redis_client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    audit = Audit(redis_client)
    await audit.note("key_made", "k1", who="admin-token", address="192.0.2.1", detail="for cam1")
    (record,) = [each for each in caplog.records if getattr(each, "action", "") == "audit"]
    line = json.loads(record.getMessage())
    assert line.pop("at_us") > 0
    assert line == {
        "who": "admin-token",
        "address": "192.0.2.1",
        "act": "key_made",
        "target": "k1",
        "detail": "for cam1",
    }
    (entry,) = await audit.list(10)
    assert (entry.who, entry.act, entry.target) == ("admin-token", "key_made", "k1")


async def test_no_text_of_a_client_looks_like_another_line(
    redis_client: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    audit = Audit(redis_client)
    await audit.note("x", "a\nb\u2028c", who="key", address="", detail="d" * 9999)
    (record,) = [each for each in caplog.records if getattr(each, "action", "") == "audit"]
    assert len(record.getMessage().splitlines()) == 1
    (entry,) = await audit.list(10)
    assert entry.detail == "d" * MAX_LENGTH


async def test_an_act_is_done_also_while_redis_is_away(
    caplog: pytest.LogCaptureFixture,
) -> None:
    audit = Audit(connect("unix:///nowhere/redis.sock"))
    await audit.note("key_made", "k1", who="admin-token", address="")
    assert [getattr(each, "action", "") for each in caplog.records] == ["not_kept"]
