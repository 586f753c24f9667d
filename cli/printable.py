"""Text from elsewhere, as a terminal may show it."""

from __future__ import annotations


def printable(text: str) -> str:
    """Returns a text in one line, its control characters escaped as in Python's literals."""
    # Without the escapes a terminal would obey whoever wrote the text.
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
