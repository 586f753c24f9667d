"""What a terminal is shown of texts from elsewhere."""

from __future__ import annotations

import pytest

from cli.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Ann\u2019s key, \u65e5\u672c", "Ann\u2019s key, \u65e5\u672c"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("one\ntwo\r", "one\\ntwo\\r"),
        ("\x9b\u202e", "\\x9b\\u202e"),
    ],
)
def test_control_characters_are_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
