"""A Redis server in virtual time: one stream with its record, its two logs and its job."""

from __future__ import annotations

import dataclasses

from media.access_unit import AccessUnit
from wire import keys


class Down(Exception):
    """Redis is away, full, or its answer was lost."""


class Gone(Exception):
    """The stream has no record."""


class Fenced(Exception):
    """Another writer owns the log."""


@dataclasses.dataclass(slots=True)
class Log:
    """The entries of a log, by a number that only grows; a reader keeps the number it saw last."""

    entries: list[tuple[int, int, AccessUnit]] = dataclasses.field(default_factory=list)

    def after(self, number: int) -> list[tuple[int, int, AccessUnit]]:
        """Returns the entries behind this number."""
        count = len(self.entries)
        while count and self.entries[count - 1][0] > number:
            count -= 1
        return self.entries[count:]

    def last_key(self) -> int:
        """Returns the number just before the last key frame's entry; that of the newest entry where
        there is no key frame.
        """
        for number, _, unit in reversed(self.entries):
            if unit.is_key:
                return number - 1
        return self.entries[-1][0] if self.entries else 0


class RedisModel:
    """A Redis server with one stream: its record, its two logs and its job."""

    def __init__(self) -> None:
        self.is_away = self.is_full = False
        self.lose_answer = False
        self._number = 0
        self.empty()

    def empty(self) -> None:
        """Models a server that lost all its data."""
        self.session: int | None = None
        self.epoch = 0
        self.holder: int | None = None
        self.renewed_s = -1.0
        self.logs = {keys.SOURCE: Log(), keys.ENHANCED: Log()}

    def reach(self) -> None:
        """Raises Down while it does not answer."""
        if self.is_away:
            raise Down

    def append(self, rendition: str, epoch: int, units: list[AccessUnit]) -> None:
        """Appends all units, or none. Raises Fenced for another writer's log, Gone without a
        record, Down also where the units are there and only the answer was lost.
        """
        self.reach()
        owner = self.session if rendition == keys.SOURCE else self.epoch
        if self.session is None:
            raise Gone
        if owner != epoch:
            raise Fenced
        if self.is_full:
            raise Down
        for unit in units:
            self._number += 1
            self.logs[rendition].entries.append((self._number, epoch, unit))
        if self.lose_answer:
            self.lose_answer = False
            raise Down

    def take_lead(self, now_s: float) -> int:
        """Returns the new lead's epoch, which is greater than any before."""
        self.reach()
        if self.session is None:
            raise Gone
        self.epoch = max(int(now_s * 1e6), self.epoch + 1)
        return self.epoch

    def keep(self, session: int, epoch: int) -> bool:
        """Keeps the record, as the app does all the time. True if it had to be made again."""
        self.reach()
        if self.session is None:
            self.session, self.epoch = session, epoch
            return True
        return False
