"""Calls of a device that wait for the gateway's replies."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, Protocol, TypeVar

import msgspec

from wire import errors
from wire.errors import BadMessage, ServerAway, WireError
from wire.link.control_stream import MAX_CONTROL_BYTES
from wire.link.message import Message
from wire.remote import calls

ValueT = TypeVar("ValueT")

CALL_S = 3.0
"""Time that a call may take; a gateway that answers later is as good as away."""

_ERRORS: dict[str, type[WireError]] = {
    each.__name__: each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, WireError)
}


class Uplink(Protocol):
    """The link to the gateway, as the device's part of the work sees it."""

    @property
    def rtt_s(self) -> float:
        """The round trip."""

    @property
    def sent_bytes(self) -> tuple[int, int]:
        """Bytes of messages that were sent, and those of their parity."""

    @property
    def rate_bps(self) -> float:
        """The rate at which it may send."""

    def tell(self, content: bytes) -> bool:
        """Sends a control message; False where the link takes none."""

    def send(self, message: Message, left_s: float) -> bool:
        """Sends a message that is worth something for ``left_s``; False if the link takes none."""


def error_of(name: str, reason: str, *, otherwise: type[WireError]) -> WireError:
    """Returns the error that the gateway named; ``otherwise`` is the class of an unknown name."""
    return _ERRORS.get(name, otherwise)(reason)


def read_value(value: Any, kind: type[ValueT]) -> ValueT:
    """Returns the value of a reply as what it should be. Raises BadMessage."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise BadMessage(f"reply of the gateway: {error}") from error


class GatewayCalls:
    """Calls that are on their way. While no link is there each raises ServerAway."""

    def __init__(self) -> None:
        self._link: Uplink | None = None
        self._is_open = False
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    @property
    def uplink(self) -> Uplink | None:
        """The link, while calls can be made."""
        return self._link if self._is_open else None

    def begin(self, link: Uplink) -> None:
        """Takes a new link, for early calls only until ``open``."""
        self._link, self._is_open = link, False

    def open(self) -> None:
        """Lets all calls through."""
        self._is_open = True

    async def call(self, call: calls.Call, *, is_early: bool = False) -> Any:
        """Calls the gateway and returns its answer. Raises what it answers, or ServerAway."""
        if not (self._is_open or is_early):
            raise ServerAway("there is no link to the gateway")
        number = next(self._numbers)
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            self._tell(calls.Request(number=number, call=call))
            async with asyncio.timeout(CALL_S):
                return await future
        except TimeoutError:
            raise ServerAway(f"the gateway did not answer within {CALL_S:g} s") from None
        finally:
            del self._waiting[number]

    def post(self, call: calls.Call) -> None:
        """Calls the gateway and waits for no answer. Raises ServerAway."""
        if not self._is_open:
            raise ServerAway("there is no link to the gateway")
        self._tell(calls.Request(number=next(self._numbers), call=call))

    def hold(self, entries: list[str]) -> None:
        """Names the jobs that the device goes on with. Raises ServerAway."""
        if not self._is_open:
            raise ServerAway("there is no link to the gateway")
        self._tell(calls.Holding(entries=entries))

    def settle(self, reply: calls.Reply) -> None:
        """Takes a reply; one that nobody waits for any more has no effect."""
        future = self._waiting.get(reply.number)
        if future is None or future.done():
            return
        if reply.error:
            future.set_exception(error_of(reply.error, reply.reason, otherwise=ServerAway))
        else:
            future.set_result(reply.value)

    def fail(self) -> None:
        """Ends all calls that wait: the link is gone."""
        self._link, self._is_open = None, False
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(ServerAway("the link to the gateway is gone"))

    def _tell(self, message: calls.FromDevice) -> None:
        data = calls.encode(message)
        if len(data) > MAX_CONTROL_BYTES:
            raise BadMessage(f"a call of {len(data)} bytes is too long")
        if self._link is None or not self._link.tell(data):
            raise ServerAway("there is no link to the gateway")
