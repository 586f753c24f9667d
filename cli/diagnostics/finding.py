"""Finding of a check: what was looked at, how it is, and the cure of a fault."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any


class Status(enum.Enum):
    """Result of a check."""

    GOOD = "ok"
    NOTE = "note"
    "Something is less than it could be, and the server works."
    FAULT = "fault"
    "Somebody cannot be served until it is cured."


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """Finding of one check: one line of the answer, and the cure below it."""

    what: str
    status: Status
    detail: str
    "A sentence or a few words for a person."
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    "Values for programs, as in ``--json``."
    cure: str = ""
    "A sentence that names the setting or the command; every fault has one."

    def as_dict(self) -> dict[str, Any]:
        """Returns the finding as JSON values."""
        return {**dataclasses.asdict(self), "status": self.status.value}


def good(what: str, detail: str, **values: Any) -> Finding:
    """Returns a finding of something that is as it should be."""
    return Finding(what, Status.GOOD, detail, values)


def note(what: str, detail: str, cure: str = "", **values: Any) -> Finding:
    """Returns a finding of something that could be better."""
    return Finding(what, Status.NOTE, detail, values, cure)


def fault(what: str, detail: str, cure: str, **values: Any) -> Finding:
    """Returns a finding of something that must be cured."""
    return Finding(what, Status.FAULT, detail, values, cure)
