"""RTP times of one track to one viewer."""

from __future__ import annotations


class OutgoingTimes:
    """Media times that only go forward, but for pictures in the order of decoding.

    A switch of renditions or a replay may go back in time; RTP times must not. B-frames do: they
    are sent behind pictures that are shown later (RFC 6184 section 5.1), less than a second behind.
    """

    def __init__(self) -> None:
        self._newest: int | None = None
        self._is_shifted = False
        self._last: int | None = None

    def at(self, pts: int, *, clock_rate: int, is_key: bool, is_live: bool) -> int:
        """Returns the time of the next unit, in ticks.

        ``is_live`` is False for one that is replayed. Sound counts as key units, which are never
        sent behind others.
        """
        self._last = self._next(pts, clock_rate, is_key=is_key, is_live=is_live)
        return self._last

    def _next(self, pts: int, clock_rate: int, *, is_key: bool, is_live: bool) -> int:
        newest = self._newest
        if newest is None or pts > newest:
            self._newest, self._is_shifted = pts, not is_live
            return pts
        # A B-frame is no key frame, comes live and repeats no time. Where the newest time is one of
        # ours, the distance to it says nothing about the order of decoding.
        is_reordered = is_live and not is_key and not self._is_shifted and pts != self._last
        if is_reordered and 0 < newest - pts < clock_rate:
            return pts
        # 1 ms forward, as in a replay: the unit is shown at once and no delay remains.
        self._newest, self._is_shifted = newest + clock_rate // 1000, True
        return self._newest
