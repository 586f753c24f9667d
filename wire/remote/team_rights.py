"""Rights of a device in teams: what it may send to whom, and which streams it may follow.

A device may lead a team for a job that it holds, and help whoever invited it a moment ago.
Sans-I/O.
"""

from __future__ import annotations

from wire.remote.device_jobs import DeviceJobs
from wire.team import (
    Declined,
    Dismiss,
    Failed,
    Invite,
    Ready,
    Result,
    Task,
    TeamMessage,
)

INVITED_S = 6.0
"""An invitation counts so long: a helper leaves after 3 s without one, and its last results are on
their way for a moment more."""

MAX_INVITATIONS = 64
"""Invitations of one device at a time; the oldest is forgotten beyond."""

_OF_LEADS = (Invite, Dismiss, Task)
_OF_HELPERS = (Ready, Declined, Result, Failed)


class TeamRights:
    """Invitations of one device. ``now`` in seconds, never going back."""

    def __init__(self, jobs: DeviceJobs) -> None:
        self._jobs = jobs
        self._invited: dict[tuple[str, str, str], float] = {}

    def received(self, sender: str, message: TeamMessage, *, now: float) -> None:
        """Notes what the device gets; an invitation gives it rights."""
        if not isinstance(message, Invite):
            return
        key = (sender, message.stream, message.rendition)
        self._invited.pop(key, None)
        self._invited[key] = now + INVITED_S
        if len(self._invited) > MAX_INVITATIONS:
            del self._invited[next(iter(self._invited))]

    def may_send(self, to: str, message: TeamMessage, *, now: float) -> bool:
        """True if the device may send the message to that worker."""
        if isinstance(message, _OF_LEADS):
            return any(
                (job.stream, job.rendition) == (message.stream, message.rendition)
                for job in self._jobs.held
            )
        if isinstance(message, _OF_HELPERS):
            return now < self._invited.get((to, message.stream, message.rendition), 0.0)
        return False

    def may_follow(self, stream: str, *, now: float) -> bool:
        """True if the device may read the source of a stream."""
        return self._jobs.holds_stream(stream) or any(
            invited == stream and now < until for (_, invited, _), until in self._invited.items()
        )
