"""The conditions of a network path, and the named ones of the benchmarks."""

from __future__ import annotations

import msgspec

MBIT = 1e6
MS = 1e-3


class Conditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Properties of one direction of a path."""

    rate_bps: float = 1e9
    """Bits a second of IP packets."""
    delay_s: float = 0.0
    """Time from the end of the queue to the other side."""
    jitter_s: float = 0.0
    """Each packet's delay strays by up to this, evenly, but is never negative."""
    keeps_order: bool = True
    """False: jitter may let a packet overtake another."""
    loss: float = 0.0
    """Part of the packets that is lost on the way, 0..1."""
    burst_packets: float = 1.0
    """Mean length of a run of losses; 1: each packet is lost by itself (Gilbert-Elliott)."""
    queue_s: float = 0.3
    """A packet that would wait longer than this at the rate of now is dropped."""
    is_cut: bool = False
    """True: nothing passes, and what is on its way is lost."""

    def __post_init__(self) -> None:
        if not self.rate_bps > 0:
            raise ValueError(f"a rate of {self.rate_bps} bit/s carries nothing; cut the path")
        if min(self.delay_s, self.jitter_s, self.queue_s) < 0:
            raise ValueError("delay, jitter and queue are not negative")
        if not 0 <= self.loss < 1:
            raise ValueError(f"a loss of {self.loss} is not within 0 and below 1")
        if self.burst_packets < 1:
            raise ValueError(f"a run of losses has a packet at least, not {self.burst_packets}")

    def but(self, **changes: float | bool) -> Conditions:
        """Returns these conditions with some changed. Raises ValueError."""
        return msgspec.structs.replace(self, **changes)


CLEAN = Conditions(rate_bps=1000 * MBIT)
"""A local network."""

WIDE_AREA = Conditions(rate_bps=20 * MBIT, delay_s=20 * MS)
"""20 Mbit/s and a round trip of 40 ms: a household's uplink within a continent."""

LOSSY = WIDE_AREA.but(loss=0.02)

PROFILES: dict[str, Conditions] = {
    "clean": CLEAN,
    "wide area": WIDE_AREA,
    "2 % loss": LOSSY,
    "2 % loss, 4 ms jitter": LOSSY.but(jitter_s=4 * MS),
    "2 % loss, 10 ms jitter": LOSSY.but(jitter_s=10 * MS),
    "bursts, 2 % loss": LOSSY.but(burst_packets=4.0),
    "10 % loss": WIDE_AREA.but(loss=0.1),
    "60 % loss": WIDE_AREA.but(loss=0.6),
}
"""Both directions of every device's path have these conditions."""

NARROW_BPS = 1 * MBIT
"""The rate of a path that got bad: two thirds of what one stream of 270p and its results need."""
