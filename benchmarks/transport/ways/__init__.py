"""The ways to carry frames, one file each, and the table of them.

Each module has two coroutines: ``send(feed, option)`` runs at one end and returns when the last
frame is sent; ``receive(collector, option)`` runs at the other end until it is cancelled. The hub
is at ``lab.ADDRESS``; the device is at ``DEVICE``.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
from types import ModuleType

DEVICE = "10.77.1.2"
"""The address of the only device."""

PORT = 9000

CONNECT_S = 15.0
"""Time that both ends have to find each other; a handshake at 10 % loss repeats itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """One row of the table."""

    title: str
    module: str
    option: str = ""
    """Variant within the module."""
    congestion: str = ""
    """Congestion control of TCP; empty where there is no TCP."""
    sends_from_hub: bool = True
    needs: str = ""
    """Package that may be missing."""

    @property
    def is_missing(self) -> bool:
        """True where the package is not installed."""
        return bool(self.needs) and importlib.util.find_spec(self.needs) is None

    def load(self) -> ModuleType:
        """Imports the module."""
        return importlib.import_module(f"benchmarks.transport.ways.{self.module}")


def _over_tcp(name: str, title: str, module: str, option: str, *, down: bool) -> dict[str, Way]:
    return {
        f"{name}-{control}": Way(f"{title}, {control}", module, option, control, down)
        for control in ("cubic", "bbr")
    }


WAYS: dict[str, Way] = {
    **_over_tcp("redis-read", "Redis: XREAD BLOCK afar", "redis_log", "read", down=True),
    **_over_tcp("redis-wait", "Redis: XADD afar", "redis_log", "wait", down=False),
    **_over_tcp("redis-pipe", "Redis: XADD afar, pipelined", "redis_log", "pipe", down=False),
    **_over_tcp("tcp-4", "4 TCP connections, a frame on each in turn", "tcp", "4", down=True),
    "quic-reno": Way("QUIC datagrams, reno", "quic", "reno", needs="aioquic"),
    "quic-cubic": Way("QUIC datagrams, cubic", "quic", "cubic", needs="aioquic"),
    "udp": Way("plain UDP", "udp"),
    "zenoh": Way("zenoh over UDP, best effort", "zenoh_udp", needs="zenoh"),
    "link": Way("link: DTLS, parity, one question", "link"),
}
