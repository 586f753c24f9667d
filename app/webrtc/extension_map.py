"""Header extensions of an offer (RFC 8285): which of them an answer takes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
TRANSPORT_NUMBER = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"

MAX_ONE_BYTE_ID = 14
"""RFC 8285 section 4.2: the one-byte form has ids 1 to 14; 15 is reserved."""
MAX_ONE_BYTE_LENGTH = 16
"""Its values have 1 to 16 bytes."""
MAX_TWO_BYTE_ID = 255

_EXTMAP = re.compile(
    r"(0|[1-9][0-9]{0,3})(?:/(sendonly|recvonly|sendrecv|inactive))? +(\S{1,200})(?: .*)?"
)
_REVERSED = {"sendonly": "recvonly", "recvonly": "sendonly", "sendrecv": "sendrecv"}


@dataclasses.dataclass(frozen=True, slots=True)
class Extension:
    """One header extension that the answer takes, under the offer's id."""

    id: int
    uri: str
    direction: str = ""
    "Direction as the answer states it, empty where the offer states none."

    def line(self) -> str:
        """Returns the value of the answer's ``a=extmap``."""
        direction = f"/{self.direction}" if self.direction else ""
        return f"{self.id}{direction} {self.uri}"


def choose_extensions(
    values: Iterable[str], wanted: tuple[str, ...], *, blocked: str, max_id: int
) -> tuple[Extension, ...]:
    """Chooses the wanted extensions of ``a=extmap`` values, each once.

    ``blocked`` is the offerer's direction that is of no use: ``recvonly`` where it must send.
    What cannot be taken is left out of the answer, as RFC 8285 section 6 allows: malformed lines,
    ids that the header form cannot carry, and ids that stand for two extensions.
    """
    uris: dict[int, set[str]] = {}
    chosen: dict[str, Extension] = {}
    for value in values:
        match = _EXTMAP.fullmatch(value)
        if match is None:
            continue
        number, direction, uri = int(match[1]), match[2] or "", match[3]
        uris.setdefault(number, set()).add(uri)
        # The id 0 is padding in both forms of the header (RFC 8285 sections 4.2 and 4.3).
        if uri in wanted and 1 <= number <= max_id and direction not in (blocked, "inactive"):
            chosen.setdefault(uri, Extension(number, uri, _REVERSED.get(direction, "")))
    # Of an id that stands for two extensions nobody can tell which one a packet carries.
    return tuple(e for e in chosen.values() if len(uris[e.id]) == 1)
