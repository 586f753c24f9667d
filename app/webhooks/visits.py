"""The events of viewers that wait for a receiver, and which of them give way; no I/O, no clock.

Viewers name themselves, so there may be any number of them: they must not displace other events.
"""

from __future__ import annotations

import collections
import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Visit:
    """One end of a viewer's visit."""

    who: str
    "The stream and the viewer."
    is_begin: bool


class WaitingVisits:
    """Events by viewer. What waits of a viewer goes as a whole, so that beginnings and ends fit."""

    def __init__(self, *, max_untold: int) -> None:
        """``max_untold`` limits the viewers who are remembered as not told of."""
        # Of viewers whom the receiver knows nothing of, and of those it has been told of.
        self._new: collections.OrderedDict[str, list[tuple[str, bool]]] = collections.OrderedDict()
        self._told: collections.OrderedDict[str, list[tuple[str, bool]]] = collections.OrderedDict()
        self._untold: collections.OrderedDict[str, None] = collections.OrderedDict()
        self._max_untold = max_untold

    def add(self, event_id: str, visit: Visit) -> bool:
        """Notes an event; False for the end of a visit whose beginning gave way."""
        who = visit.who
        was_untold = who in self._untold
        self._untold.pop(who, None)
        if was_untold and not visit.is_begin:
            return False
        # A viewer stands in one of both: a visit whose end waits first has been told as begun.
        is_new = who in self._new or (visit.is_begin and who not in self._told)
        place = self._new if is_new else self._told
        place.setdefault(who, []).append((event_id, visit.is_begin))
        return True

    def leave(self, event_id: str, visit: Visit) -> None:
        """Notes that an event is sent, or given up by its age: it does not give way any more."""
        place = self._new if visit.who in self._new else self._told
        waiting = place.get(visit.who, [])
        if not waiting or waiting[0][0] != event_id:
            return
        del place[visit.who]
        if waiting[1:]:
            _, is_begin = waiting[1]
            (self._new if is_begin else self._told)[visit.who] = waiting[1:]

    def give_way(self) -> list[str]:
        """Takes out all events of one viewer and returns their ids; none where nobody waits.

        Who came first goes first, viewers that the receiver knows last: it would think that they
        stay.
        """
        if self._new:
            who, waiting = self._new.popitem(last=False)
            if waiting[-1][1]:
                self._untold[who] = None
                if len(self._untold) > self._max_untold:
                    self._untold.popitem(last=False)
        elif self._told:
            _, waiting = self._told.popitem(last=False)
        else:
            return []
        return [event_id for event_id, _ in waiting]
