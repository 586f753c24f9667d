"""Format parameters of SDP (``a=fmtp``, RFC 8866 section 6.15), as all our codecs write them."""

from __future__ import annotations


def parse_parameters(text: str) -> dict[str, str]:
    """Reads parameters by name in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name.strip().lower(), value.strip())
    return found
