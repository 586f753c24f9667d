"""A gateway that answers each call as a test says, without a link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from wire.errors import WireError
from wire.link.message import Message
from wire.remote import calls
from wire.remote.gateway_calls import GatewayCalls


class ScriptedGateway:
    """The uplink of ``gateway``; ``answers`` has a function for each kind of call."""

    rtt_s = 0.04
    sent_bytes = (0, 0)
    rate_bps = 3e6

    def __init__(self) -> None:
        self.gateway = GatewayCalls()
        self.asked: list[calls.Call] = []
        self.held: list[list[str]] = []
        self.sent: list[tuple[Message, float]] = []
        self.takes = True
        self.answers: dict[type[Any], Callable[[Any], object]] = {}
        self.gateway.begin(self)
        self.gateway.open()

    def tell(self, content: bytes) -> bool:
        message = calls.parse_from_device(content)
        if isinstance(message, calls.Holding):
            self.held.append(message.entries)
        elif isinstance(message, calls.Request):
            self.asked.append(message.call)
            asyncio.get_running_loop().call_soon(self._answer, message)
        return self.takes

    def send(self, message: Message, left_s: float) -> bool:
        self.sent.append((message, left_s))
        return self.takes

    def _answer(self, request: calls.Request) -> None:
        answer = self.answers.get(type(request.call), lambda call: None)(request.call)
        if isinstance(answer, WireError):
            name, reason = type(answer).__name__, str(answer)
            self.gateway.settle(calls.Reply(number=request.number, error=name, reason=reason))
        else:
            self.gateway.settle(calls.Reply(number=request.number, value=answer))
