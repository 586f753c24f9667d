"""The jobs of one device at its gateway, which outlive its connections. Sans-I/O.

A lease is renewed while the device names its job; what it names no more is neither renewed nor
released, as with a worker that stops renewing.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable

from wire.errors import NoLease
from wire.jobs import Job
from wire.remote.calls import MAX_HELD

MAX_UNNAMED_S = 0.8
"""Time without the device's naming a job after which its lease is renewed no more: a lost message
is there at the second or third try by then."""

BEGIN_S = 3.0
"""The same for a job that was just claimed: to begin takes several round trips."""

_MAX_KNOWN = 4 * MAX_HELD


@dataclasses.dataclass(slots=True)
class _Held:
    job: Job
    until: float


class DeviceJobs:
    """Jobs that a device holds, and those that it held lately. ``now`` in seconds, by one clock
    that never goes back.
    """

    def __init__(self) -> None:
        self._held: dict[str, _Held] = {}
        self._known: collections.OrderedDict[str, Job] = collections.OrderedDict()

    @property
    def held(self) -> list[Job]:
        """The jobs that it holds."""
        return [each.job for each in self._held.values()]

    @property
    def is_full(self) -> bool:
        """True if it may hold no further one."""
        return len(self._held) >= MAX_HELD

    def hold(self, job: Job, *, now: float) -> None:
        """Notes a job that the device has got."""
        self._held[job.entry] = _Held(job, now + BEGIN_S)
        self._known[job.entry] = job
        self._known.move_to_end(job.entry)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)

    def let_go(self, entry: str) -> None:
        """Notes that a job is no longer the device's. Harmless when repeated."""
        self._held.pop(entry, None)

    def begin(self) -> None:
        """Notes a new connection: the device may be another process, which says what goes on."""
        self._held.clear()

    def name(self, entries: Iterable[str], *, now: float) -> None:
        """Notes that the device goes on with these jobs."""
        for entry in entries:
            if entry in self._held:
                held = self._held[entry]
                held.until = max(held.until, now + MAX_UNNAMED_S)

    def lapsed(self, *, now: float) -> list[Job]:
        """Returns the jobs that the device has not named for too long."""
        return [each.job for each in self._held.values() if now >= each.until]

    def is_held(self, job: Job) -> bool:
        """True if the device holds this very job."""
        found = self._held.get(job.entry)
        return found is not None and found.job == job

    def job(self, entry: str) -> Job:
        """Returns a job that the device holds. Raises NoLease."""
        found = self._held.get(entry)
        if found is None:
            raise NoLease(f"the device does not hold job {entry}")
        return found.job

    def known(self, entry: str) -> Job:
        """Returns a job that the device holds or held: whoever lost one may still say what became
        of it. Raises NoLease.
        """
        try:
            return self._known[entry]
        except KeyError:
            raise NoLease(f"the device never held job {entry}") from None

    def holds_stream(self, stream: str) -> bool:
        """True if one of its jobs is of the stream."""
        return any(each.job.stream == stream for each in self._held.values())
