"""SDP fragments (RFC 8840 section 9): candidates that a peer found after its offer."""

from __future__ import annotations

import dataclasses

from app.errors import BadOffer
from app.webrtc.sdp_description import attributes_of, only_value
from app.webrtc.transport_offer import usable_candidates

MEDIA_TYPE = "application/trickle-ice-sdpfrag"


@dataclasses.dataclass(frozen=True, slots=True)
class SdpFragment:
    """The content of a PATCH request. Its candidates are of one transport (BUNDLE)."""

    ufrag: str
    password: str
    candidates: tuple[str, ...]
    "Candidates that can be used; the rest is discarded in silence (RFC 9725 section 4.3.2)."

    def is_restart(self, ufrag: str, password: str) -> bool:
        """True if it has other credentials than the offer: it asks for an ICE restart."""
        # A fragment without credentials speaks of the offer's own.
        return self.ufrag not in ("", ufrag) or self.password not in ("", password)


def parse_fragment(text: str) -> SdpFragment:
    """Parses a fragment, whose sections are not told apart. Raises BadOffer (400)."""
    found = attributes_of(text)
    known = ("ice-ufrag", "ice-pwd", "candidate", "end-of-candidates")
    if not any(name in found for name in known):
        raise BadOffer("The SDP fragment has neither candidates nor ICE credentials.")
    return SdpFragment(
        only_value(found.get("ice-ufrag", ()), "ICE user name"),
        only_value(found.get("ice-pwd", ()), "ICE password"),
        usable_candidates(found.get("candidate", ())),
    )
