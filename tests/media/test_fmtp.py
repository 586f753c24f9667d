from __future__ import annotations

from media.fmtp import parse_parameters


def test_parameters_are_read_without_regard_to_case_and_space() -> None:
    assert parse_parameters("A=1; b = x=y;;c;a=2") == {"a": "1", "b": "x=y", "": "", "c": ""}
    assert parse_parameters("") == {"": ""}
