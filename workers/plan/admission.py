"""Whether a stream's input can be enhanced in time here, or is better passed through.

About the input alone: what other streams leave of the engine is shared out by ``budget.py``.
"""

from __future__ import annotations

import dataclasses

from workers.plan.lateness import LONGEST_S

ENTER_SHARE = 0.4
"""At least this share of the frames must get the net for enhancement to begin; little enough
that a measurement at a bad moment does not shut a stream out."""

LEAVE_SHARE = 0.3
"""Below this share enhancement ends."""

LEAVE_AFTER_S = 3.0
"""For how long the share must be below."""

RETRY_AFTER_S = 30.0
"""After giving up because of measured time, when to try again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the stream."""

    accepted: bool
    reason: str = ""
    "Why not, as a sentence."


class AdmissionPolicy:
    """Compares what a frame takes with the time there is for it, with hysteresis."""

    def __init__(self) -> None:
        self._verdict: Verdict | None = None
        self._input: tuple[int, int, float] = (0, 0, 0.0)
        self._short_since: float | None = None
        self._refused_at = 0.0

    def judge(
        self, *, width: int, height: int, fps: float, frame_ms: float, least_ms: float, now: float,
        is_wished: bool = False,
    ) -> Verdict:  # fmt: skip
        """The verdict on an input for which the net takes ``frame_ms`` a frame, and the one that
        may serve in its place ``least_ms``.

        Where the operator chose the net (``is_wished``), any share of the frames will do, as long
        as one frame does not hold up the stream.
        """
        if is_wished:
            least_ms = frame_ms
        share = 1000.0 / (fps * max(least_ms, 0.001))
        if is_wished and frame_ms <= LONGEST_S * 1000.0:
            share = 1.0
        if self._verdict is None or self._is_other_input(width, height, fps):
            self._input = (width, height, fps)
            self._short_since = None
            self._set(share >= ENTER_SHARE, width, height, fps, least_ms, now)
        elif self._verdict.accepted:
            self._short_since = None if share >= LEAVE_SHARE else (self._short_since or now)
            if self._short_since is not None and now - self._short_since >= LEAVE_AFTER_S:
                self._set(False, width, height, fps, least_ms, now)
        elif share >= ENTER_SHARE and now - self._refused_at >= RETRY_AFTER_S:
            self._set(True, width, height, fps, least_ms, now)
        assert self._verdict is not None
        return self._verdict

    def _is_other_input(self, width: int, height: int, fps: float) -> bool:
        old_width, old_height, old_fps = self._input
        return (width, height) != (old_width, old_height) or not 0.7 < fps / old_fps < 1.4

    def _set(
        self, accepted: bool, width: int, height: int, fps: float, least_ms: float, now: float
    ) -> None:
        if accepted:
            self._verdict = Verdict(accepted=True)
            return
        self._refused_at = now
        self._verdict = Verdict(
            accepted=False,
            reason=(
                f"{width}x{height} at {fps:.0f} frames per second needs {least_ms:.0f} ms of the "
                f"net per frame here, and there are {1000.0 / fps:.0f} ms."
            ),
        )
