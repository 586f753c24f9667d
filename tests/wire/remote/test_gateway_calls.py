from __future__ import annotations

import asyncio

import pytest

from wire.errors import BadMessage, Fenced, NoLease, ServerAway
from wire.link.message import Message
from wire.remote import calls, gateway_calls
from wire.remote.gateway_calls import GatewayCalls, error_of, read_value
from wire.stream_record import StreamRecord


class Wire:
    """An uplink that keeps what it is told."""

    rate_bps = 3e6
    rtt_s = 0.04
    sent_bytes = (0, 0)

    def __init__(self) -> None:
        self.told: list[calls.FromDevice] = []
        self.takes = True

    def tell(self, content: bytes) -> bool:
        if self.takes:
            self.told.append(calls.parse_from_device(content))
        return self.takes

    def send(self, message: Message, left_s: float) -> bool:
        return self.takes

    @property
    def number(self) -> int:
        """Number of the newest request."""
        request = self.told[-1]
        assert isinstance(request, calls.Request)
        return request.number


def opened() -> tuple[GatewayCalls, Wire]:
    gateway, wire = GatewayCalls(), Wire()
    gateway.begin(wire)
    gateway.open()
    return gateway, wire


async def begun(gateway: GatewayCalls) -> asyncio.Task[object]:
    task = asyncio.create_task(gateway.call(calls.Claim()))
    await asyncio.sleep(0)
    return task


async def test_a_call_gets_its_own_reply() -> None:
    gateway, wire = opened()
    first = await begun(gateway)
    number = wire.number
    second = await begun(gateway)
    assert wire.number != number
    gateway.settle(calls.Reply(number=wire.number, value="b"))
    gateway.settle(calls.Reply(number=number, value="a"))
    assert (await first, await second) == ("a", "b")
    # Again, or for nobody: no effect.
    gateway.settle(calls.Reply(number=number, value="a"))
    gateway.settle(calls.Reply(number=10_000, value="a"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Fenced", Fenced),
        ("NoLease", NoLease),
        ("OSError", ServerAway),
        ("SystemExit", ServerAway),
        ("", ServerAway),
    ],
)
async def test_an_error_is_raised_as_its_class(name: str, kind: type[Exception]) -> None:
    error = error_of(name, "why", otherwise=ServerAway)
    assert type(error) is kind and str(error) == "why"


async def test_what_the_gateway_cannot_do_is_raised() -> None:
    gateway, wire = opened()
    task = await begun(gateway)
    gateway.settle(calls.Reply(number=wire.number, error="Fenced", reason="why"))
    with pytest.raises(Fenced, match="why"):
        await task


async def test_without_a_link_nothing_can_be_called() -> None:
    gateway = GatewayCalls()
    assert gateway.uplink is None
    with pytest.raises(ServerAway):
        await gateway.call(calls.Claim())
    with pytest.raises(ServerAway):
        gateway.post(calls.Leave())
    with pytest.raises(ServerAway):
        gateway.hold(["1-0"])


async def test_a_new_link_is_for_early_calls_until_it_is_opened() -> None:
    gateway, wire = GatewayCalls(), Wire()
    gateway.begin(wire)
    assert gateway.uplink is None
    with pytest.raises(ServerAway):
        await gateway.call(calls.Claim())
    early = asyncio.create_task(gateway.call(calls.Resume(entries=[]), is_early=True))
    await asyncio.sleep(0)
    gateway.settle(calls.Reply(number=wire.number, value=[]))
    assert await early == []
    gateway.open()
    assert gateway.uplink is wire
    gateway.post(calls.Leave())
    gateway.hold(["1-0"])
    assert wire.told[-1] == calls.Holding(entries=["1-0"])


async def test_a_link_that_is_lost_ends_what_waits() -> None:
    gateway, _ = opened()
    task = await begun(gateway)
    gateway.fail()
    with pytest.raises(ServerAway, match="is gone"):
        await task
    assert gateway.uplink is None


async def test_a_link_that_takes_nothing_is_away() -> None:
    gateway, wire = opened()
    wire.takes = False
    with pytest.raises(ServerAway):
        await gateway.call(calls.Claim())


async def test_a_gateway_that_does_not_answer_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_calls, "CALL_S", 0.01)
    gateway, wire = opened()
    with pytest.raises(ServerAway, match=r"within 0\.01 s"):
        await gateway.call(calls.Claim())
    gateway.settle(calls.Reply(number=wire.number, value="late"))


async def test_a_call_that_is_too_long_is_refused_here() -> None:
    gateway, wire = opened()
    with pytest.raises(BadMessage, match="too long"):
        await gateway.call(calls.Release(entry="x" * 70_000))
    assert wire.told == []


def test_values_are_read_as_what_they_should_be() -> None:
    assert read_value(5, int) == 5
    assert read_value({"id": "cam", "epoch": 3}, StreamRecord) == StreamRecord(id="cam", epoch=3)
    for value, kind in ((None, int), ("5", int), ({"id": 5}, StreamRecord), ([1], list[str])):
        with pytest.raises(BadMessage, match="reply of the gateway"):
            read_value(value, kind)
