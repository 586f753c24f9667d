"""One time line for video and sound of a live source, whose own time stamps may jump."""

from __future__ import annotations

from media.access_unit import Kind

MAX_JUMP_US = 2_000_000
"""Gap in the time stamps that is taken as it is; a larger one must have passed on the clock too."""

_TOGETHER_US = 500_000
"""Distance at which a track that jumps still fits to the other one's new time."""

_JITTER_US = 100_000
"""Step back that is unevenness and no new beginning: RTP packets' times are rounded by reports."""


class Timeline:
    """Puts time stamps of both tracks on one line that begins at zero and never goes back.

    Cameras begin anew at any number, files at their end, and RTSP gives sound and video clocks of
    their own until the first reports. A jump is replaced by the time that has passed. All times
    are microseconds.
    """

    def __init__(self) -> None:
        self._offsets: dict[Kind, int] = {}
        self._last: dict[Kind, int] = {}
        self._began: int | None = None
        self.jumps = 0
        "Time stamps that were replaced."

    def place(self, kind: Kind, at: int | None, *, step: int, now: int) -> int:
        """Returns the time of a packet with the time stamp ``at``; None is a packet without one.

        ``step`` is the usual distance of two packets of this kind.
        """
        if self._began is None:
            self._began = now
        last = self._last.get(kind)
        if at is None:
            made = step + last if last is not None else now - self._began
        else:
            made = at + self._offset(kind, at, last, step, now - self._began)
        if last is not None and made <= last:
            made = last + 1
        self._last[kind] = made
        return made

    def _offset(self, kind: Kind, at: int, last: int | None, step: int, elapsed: int) -> int:
        """Returns what is added to the track's time stamps, found anew after a jump."""
        present = self._offsets.get(kind)
        others = [each for other, each in self._offsets.items() if other is not kind]
        if present is None:
            # The second track follows the first one's clock, unless it has another one.
            for offset in others:
                if abs(at + offset - self._newest()) <= MAX_JUMP_US:
                    return self._keep(kind, offset)
            return self._keep(kind, max(self._newest(), elapsed if others else 0) - at)
        made = at + present
        if last is None or self._follows(made, last, elapsed):
            return present
        self.jumps += 1
        # The other track may have jumped first; both jump by the same where they share a clock.
        for offset in others:
            if offset != present and abs(at + offset - (last + step)) <= _TOGETHER_US:
                return self._keep(kind, offset)
        return self._keep(kind, max(last + step, elapsed) - at)

    def _follows(self, made: int, last: int, elapsed: int) -> bool:
        if -_JITTER_US <= made - last <= MAX_JUMP_US:
            return True
        # A source that was silent for a while goes on later by as much.
        return made > last and abs(made - elapsed) <= MAX_JUMP_US

    def _newest(self) -> int:
        return max(self._last.values(), default=0)

    def _keep(self, kind: Kind, offset: int) -> int:
        self._offsets[kind] = offset
        return offset
