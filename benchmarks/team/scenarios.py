"""The scenarios: devices, their paths, and what happens to them."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence

from benchmarks.network.conditions import NARROW_BPS, PROFILES, Conditions

WEAK = 0.3
"""Cores of a weak device: it runs ``live-m`` at five frames a second of 480x270."""

STRONG = 0.4
"""Cores of a device that makes a whole stream with ``live-s`` where it has VNNI."""


class Event(enum.Enum):
    """An event in the middle of the time that is measured."""

    NONE = "nothing"
    KILL_HELPER = "a helper is killed"
    KILL_LEAD = "the lead is killed"
    NARROW = "a helper's path falls to 1 Mbit/s for 10 s"
    CUT = "a helper is cut off for 5 s"
    JOIN = "one more device joins"


@dataclasses.dataclass(frozen=True, slots=True)
class Scenario:
    """One run: devices, path, event."""

    title: str
    devices: int
    conditions: Conditions
    model: str = "live-m"
    cores: float = WEAK
    event: Event = Event.NONE
    narrow: int = 0
    """Devices whose path has 1 Mbit/s all the time, from the last one backwards."""

    @property
    def names(self) -> Sequence[str]:
        """All devices, with one that joins later at the end."""
        count = self.devices + (self.event is Event.JOIN)
        return [f"dev{number}" for number in range(1, count + 1)]

    def conditions_of(self, name: str) -> Conditions:
        """The path of a device."""
        if name in self.names[: self.devices][::-1][: self.narrow]:
            return self.conditions.but(rate_bps=NARROW_BPS)
        return self.conditions


_CLEAN, _LOSSY = PROFILES["clean"], PROFILES["2 % loss"]


def _teams() -> dict[str, Scenario]:
    found = {}
    for profile, conditions in PROFILES.items():
        name = profile.replace(" % loss", "").replace(", ", "-").replace(" ", "-")
        for count in (1, 4):
            key = f"live-m-{count}-{name}"
            found[key] = Scenario(f"`live-m` on {count}, {profile}", count, conditions)
    return found


SCENARIOS: dict[str, Scenario] = {
    "remote-stream": Scenario(
        "whole stream on one remote device, 2 % loss", 1, _LOSSY, "live-s", STRONG
    ),
    **_teams(),
    "live-m-4-narrow": Scenario("`live-m` on 4, one path of 1 Mbit/s", 4, _LOSSY, narrow=1),
    "heavy-1": Scenario("`live-l` on 1, 2 % loss", 1, _LOSSY, "live-l"),
    "heavy-4": Scenario("`live-l` on 4, 2 % loss", 4, _LOSSY, "live-l"),
    "kill-helper": Scenario("a helper of 4 is killed", 4, _LOSSY, event=Event.KILL_HELPER),
    "kill-lead": Scenario("the lead of 4 is killed", 4, _LOSSY, event=Event.KILL_LEAD),
    "fall": Scenario("a path of 4 falls to 1 Mbit/s for 10 s", 4, _LOSSY, event=Event.NARROW),
    "cut": Scenario("a device of 4 is cut off for 5 s", 4, _LOSSY, event=Event.CUT),
    "fifth": Scenario("a fifth device joins", 4, _LOSSY, event=Event.JOIN),
}
