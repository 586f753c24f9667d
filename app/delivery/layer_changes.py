"""The layer selections of one viewer: which section they may name, and how often it may move."""

from __future__ import annotations

import collections

from app.errors import BadRequest
from app.webrtc.sdp_offer import Offer

MAX_CHANGES = 2
"""Maximum number of moves to another rendition in a window; each sends a group of pictures anew."""

WINDOW_S = 1.0
"""Length of the window in seconds."""


class LayerChanges:
    """Bounds how often a viewer moves; of selections that come sooner, the newest waits."""

    def __init__(self, offer: Offer) -> None:
        videos = [
            (str(n), each.mid) for n, each in enumerate(offer.sections) if each.kind == "video"
        ]
        self.place = videos[0][0] if videos else ""
        "Place of the video section among all sections, empty where there is none."
        self._names = {name for name in (videos[0] if videos else ()) if name}
        self.is_waiting = False
        "True while a move waits for the window."
        self._moved: collections.deque[float] = collections.deque(maxlen=MAX_CHANGES)

    def check(self, media: str) -> None:
        """Raises BadRequest unless this is the place or mid of the video; empty leaves it open."""
        if media and media not in self._names:
            raise BadRequest(
                f"The mediaId {media[:20]!r} is no video of this session; its video is "
                f"{self.place!r}."
            )

    def wait_s(self, *, now: float) -> float:
        """Returns the seconds until the viewer may move again, 0 if it may at once."""
        if len(self._moved) < MAX_CHANGES:
            return 0.0
        return max(self._moved[0] + WINDOW_S - now, 0.0)

    def note(self, *, now: float) -> None:
        """Counts a move."""
        self._moved.append(now)
