"""``lingering.py``: what is dropped behind the last answer, and for how long."""

from __future__ import annotations

import asyncio

import pytest

from app.http.edge import lingering
from app.http.edge.lingering import LINGER_BYTES, LingeringTransport


class Wire(asyncio.Transport):
    """A transport without a socket; ``calls`` is what was done to it."""

    def __init__(self, *, by_halves: bool = True) -> None:
        super().__init__({"peername": ("192.0.2.7", 4711)})
        self.calls: list[str] = []
        self._by_halves = by_halves

    def is_closing(self) -> bool:
        return "close" in self.calls or "abort" in self.calls

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")

    def can_write_eof(self) -> bool:
        return self._by_halves

    def write_eof(self) -> None:
        self.calls.append("eof")

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data).decode())

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")


def pair(*, has_rest: bool = True, by_halves: bool = True) -> tuple[LingeringTransport, Wire]:
    wire = Wire(by_halves=by_halves)
    return LingeringTransport(wire, lambda: has_rest), wire


async def test_it_closes_at_once_where_nothing_can_come() -> None:
    transport, wire = pair(has_rest=False)
    transport.write(b"answer")
    transport.close()
    assert wire.calls == ["answer", "close"]
    assert transport.is_closing()
    assert not transport.is_lingering


async def test_the_sending_side_is_shut_and_the_rest_is_dropped() -> None:
    transport, wire = pair()
    transport.write(b"answer")
    transport.close()
    assert transport.is_closing()
    assert transport.is_lingering
    transport.close()
    transport.write(b"late")
    transport.pause_reading()
    assert wire.calls == ["answer", "eof", "resume"]
    transport.drop(bytes(LINGER_BYTES))
    assert not wire.is_closing()
    transport.drop(b"x")
    assert wire.calls[-1] == "close"
    transport.lost()
    assert not transport.is_lingering


async def test_under_tls_nothing_is_shut_by_halves() -> None:
    transport, wire = pair(by_halves=False)
    transport.close()
    assert wire.calls == ["resume"]
    transport.lost()


async def test_it_waits_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "LINGER_S", 0.01)
    transport, wire = pair()
    transport.close()
    await asyncio.sleep(0.1)
    assert wire.calls[-1] == "close"


async def test_a_lost_connection_waits_for_nothing() -> None:
    transport, wire = pair()
    transport.lost()
    transport.close()
    assert wire.calls == ["close"]
    other, line = pair()
    line.close()
    other.close()
    assert not other.is_lingering


async def test_other_calls_pass() -> None:
    transport, wire = pair()
    assert transport.get_extra_info("peername") == ("192.0.2.7", 4711)
    assert transport.get_extra_info("nothing", 3) == 3
    transport.pause_reading()
    transport.resume_reading()
    transport.abort()
    assert wire.calls == ["pause", "resume", "abort"]
    assert transport.is_closing()
