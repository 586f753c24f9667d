"""The facts of a file: written as JSON, and nothing breaks where they are damaged."""

from __future__ import annotations

import json

import pytest

from app.recording.file_facts import Gap, ViewerPoint, encode_facts, parse_facts
from tests.app.recording import material


def test_facts_are_read_as_they_were_written() -> None:
    facts = material.facts(
        gaps=[Gap(3_000_000, 1_500_000)], viewers=[ViewerPoint(0, 1), ViewerPoint(9, 20)]
    )
    assert parse_facts(encode_facts(facts)) == facts


def test_the_file_is_plain_json_that_people_can_read() -> None:
    text = encode_facts(material.facts()).decode()
    found = json.loads(text)
    assert (found["stream"], found["codec"], found["ended"]) == ("cam1", "vp8", True)
    assert text.count("\n") > 5


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"stream": "cam1"}',
        b"\xff\xfe",
        b"[" * 100_000,
        encode_facts(material.facts())[:-20],
        encode_facts(material.facts()).replace(b'"width": 96', b'"width": -1'),
        encode_facts(material.facts()).replace(b'"cam1"', b'"' + b"c" * 100 + b'"'),
    ],
)
def test_damaged_facts_are_none(data: bytes) -> None:
    assert parse_facts(data) is None


def test_what_a_later_version_adds_is_passed_over() -> None:
    data = encode_facts(material.facts()).replace(b'"version": 1', b'"version": 2, "mood": "good"')
    found = parse_facts(data)
    assert found is not None and found.version == 2
