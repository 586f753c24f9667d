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


@pytest.mark.parametrize("text", [keys.ENHANCED, "1080p", "x" * 16, "sharp-hq", "h264"])
def test_rendition_names(text: str) -> None:
    assert keys.is_rendition(text)


@pytest.mark.parametrize(
    "text",
    ["", "-", "Sharp", "x" * 17, "a:b", "hq\n", "hq ", keys.SOURCE, "hq-h264", "hq-vp8", "ä"],
)
def test_what_is_no_rendition_name(text: str) -> None:
    assert not keys.is_rendition(text)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("edge-1", True), ("Ed.ge_2", True), ("", False), ("a:b", False), ("x" * 65, False)],
)
def test_names_of_workers(text: str, *, is_one: bool) -> None:
    assert keys.is_worker(text) is is_one


@pytest.mark.parametrize("name", [keys.ENHANCED, "h264", "sharp-hq"])
def test_a_log_tells_its_rendition_and_its_codec(name: str) -> None:
    assert keys.logs_of(name) == (name, f"{name}-h264", f"{name}-vp8")
    assert [keys.rendition_of(log) for log in keys.logs_of(name)] == [
        (name, ""),
        (name, "h264"),
        (name, "vp8"),
    ]


def test_each_log_is_fenced_by_the_record_of_its_writer() -> None:
    assert keys.owner("cam1", keys.SOURCE) == keys.record("cam1")
    assert keys.owner("cam1", "sharp") == keys.rendition("cam1", "sharp")
    assert keys.owner("cam1", "sharp-vp8") == keys.rendition("cam1", "sharp")


def test_names_are_those_of_the_protocol() -> None:
    assert keys.log("cam1", "source") == "{cam1}:source"
    assert keys.log("cam1", "enhanced") == "{cam1}:r:enhanced"
    assert keys.rendition("cam1", "enhanced") == "{cam1}:r:enhanced:spec"
    assert keys.control("cam1") == "{cam1}:control"
    assert keys.feedback("cam1") == "{cam1}:feedback"
    assert keys.thumbnail("cam1") == "{cam1}:thumbnail"
    assert keys.record("cam1") == "stream:{cam1}"
    assert keys.worker("edge-1") == "worker:edge-1"
    assert keys.team("edge-1") == "team:edge-1"
    assert (keys.JOBS, keys.JOBS_GROUP) == ("jobs", "workers")


def slot(key: str) -> int:
    """Redis Cluster specification, "Hash tags": only what is in the first braces counts."""
    before, brace, rest = key.partition("{")
    tag, closing, _ = rest.partition("}")
    hashed = tag if brace and closing and tag else key
    return binascii.crc_hqx(hashed.encode(), 0) % 16384


@pytest.mark.parametrize("stream", ["a", "cam1", "A.b-c_d", "x" * 64])
def test_all_keys_of_a_stream_are_on_one_cluster_slot(stream: str) -> None:
    names = keys.of_stream(stream, [keys.ENHANCED, "sharp", "sharp"])
    assert len(names) == 13
    assert {slot(name) for name in names} == {slot(stream)}
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("prefix", ["", "sharpcast:", "studio/2:"])
def test_the_place_of_searches_is_on_the_slot_of_the_jobs(prefix: str) -> None:
    assert slot(prefix + keys.job_search(prefix)) == slot(prefix + keys.JOBS)


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("source-h", True),
        ("source-0", True),
        ("source-12345678", True),
        ("source-123456789", False),
        ("source-", False),
        ("source", False),
        ("source-H", False),
        ("source-a-b", False),
        ("source-h264", False),
        ("source-vp8", False),
        ("source-h\n", False),
    ],
)
def test_names_of_layers(text: str, *, is_one: bool) -> None:
    assert keys.is_layer(text) is is_one
    assert not keys.is_rendition(text), "no enhanced rendition is called so"


def test_a_layers_log_stands_beside_the_sources_and_is_fenced_by_its_writer() -> None:
    assert keys.log("cam1", "source-h") == "{cam1}:source-h"
    assert keys.owner("cam1", "source-h") == keys.record("cam1")
