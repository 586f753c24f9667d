"""Format parameters of SDP (``a=fmtp``, RFC 8866 section 6.15), as all our codecs write them."""

from __future__ import annotations


def parse_parameters(text: str) -> dict[str, str]:
    """Reads parameters by name in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name.strip().lower(), value.strip())
    return found


_NUMBERS = frozenset(
    ("apt", "max-fr", "max-fs", "max-mbps", "packetization-mode", "level-asymmetry-allowed")
    + ("stereo", "sprop-stereo", "useinbandfec", "usedtx", "cbr", "minptime", "maxptime", "ptime")
    + ("maxplaybackrate", "sprop-maxcapturerate", "maxaveragebitrate", "profile-id", "tier")
)
"""Parameters whose values are whole numbers (RFC 4588, 6184, 7587, 7741, 9628 and AV1's)."""

_MAX_DIGITS = 10


def without_junk(text: str) -> str:
    """Returns the parameters without those that must be whole numbers and are none.

    An answer repeats the offer's parameters, and its reader may refuse all of it for one of them.
    """
    return ";".join(part for part in text.split(";") if not _is_junk(part))


def _is_junk(part: str) -> bool:
    name, _, value = part.partition("=")
    value = value.strip()
    is_number = value.isascii() and value.isdecimal() and len(value) <= _MAX_DIGITS
    return name.strip().lower() in _NUMBERS and not is_number
