"""Names of streams and patterns of names: ``studio-*``, ``cam?``."""

from __future__ import annotations

import re

MAX_PATTERN_LENGTH = 64
"""Maximum number of characters, as of a stream's name."""

_FORM = re.compile(r"[A-Za-z0-9*?][A-Za-z0-9_.*?-]*\Z")


def is_pattern(text: str) -> bool:
    """True for the name of a stream, and for one with ``*`` (any characters) or ``?`` (one)."""
    return len(text) <= MAX_PATTERN_LENGTH and _FORM.match(text) is not None


def matches(pattern: str, stream: str) -> bool:
    """True if the pattern names this stream; what is no pattern names none.

    Takes at most as many steps as the product of both lengths: a regular expression with eight
    stars would try for a minute.
    """
    if not is_pattern(pattern):
        return False
    at = place = 0
    star, star_at = -1, 0
    while at < len(stream):
        if place < len(pattern) and pattern[place] == "*":
            # Nothing at first; whatever follows may give it more.
            star, star_at, place = place, at, place + 1
        elif place < len(pattern) and pattern[place] in ("?", stream[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            # Only the last star has to be tried again: an earlier one that took more would leave
            # the later ones less.
            star_at += 1
            at, place = star_at, star + 1
        else:
            return False
    return not pattern[place:].strip("*")
