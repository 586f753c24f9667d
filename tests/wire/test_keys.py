from __future__ import annotations

import binascii

import pytest

from wire import keys


@pytest.mark.parametrize("text", ["a", "cam1", "A.b-c_d", "0", "x" * 64, "1..2"])
def test_stream_ids(text: str) -> None:
    assert keys.is_stream_id(text)


@pytest.mark.parametrize(
    "text", ["", ".a", "-a", "_a", "a b", "a/b", "a}b", "a{b", "ä", "x" * 65, "a\n", "a:b", "*"]
)
def test_what_is_no_stream_id(text: str) -> None:
    assert not keys.is_stream_id(text)


@pytest.mark.parametrize("text", [keys.SOURCE, "2x", "x" * 16, "2x-hq"])
def test_rendition_names(text: str) -> None:
    assert keys.is_rendition(text)


@pytest.mark.parametrize("text", ["", "-", "2X", "x" * 17, "a:b", "2x\n", "2x "])
def test_what_is_no_rendition_name(text: str) -> None:
    assert not keys.is_rendition(text)


def test_names_are_those_of_the_protocol() -> None:
    assert keys.log("cam1", "source") == "{cam1}:source"
    assert keys.log("cam1", "2x") == "{cam1}:enhanced:2x"
    assert keys.control("cam1") == "{cam1}:control"
    assert keys.feedback("cam1") == "{cam1}:feedback"
    assert keys.record("cam1") == "stream:{cam1}"
    assert keys.worker("edge-1") == "worker:edge-1"
    assert (keys.JOBS, keys.JOBS_GROUP) == ("jobs", "workers")


def slot(key: str) -> int:
    """Redis Cluster specification, "Hash tags": only what is in the first braces counts."""
    before, brace, rest = key.partition("{")
    tag, closing, _ = rest.partition("}")
    hashed = tag if brace and closing and tag else key
    return binascii.crc_hqx(hashed.encode(), 0) % 16384


@pytest.mark.parametrize("stream", ["a", "cam1", "A.b-c_d", "x" * 64])
def test_all_keys_of_a_stream_are_on_one_cluster_slot(stream: str) -> None:
    names = [
        keys.record(stream),
        keys.log(stream, keys.SOURCE),
        keys.log(stream, "2x"),
        keys.control(stream),
        keys.feedback(stream),
    ]
    assert {slot(name) for name in names} == {slot(stream)}
    assert len(set(names)) == len(names)
