"""The link to one device, as the gateway's part of the work sees it."""

from __future__ import annotations

from collections.abc import Callable

from wire.link.control_stream import MAX_CONTROL_BYTES
from wire.link.message import Message
from wire.remote import calls


class Outlet:
    """Sends to one device."""

    def __init__(
        self,
        tell: Callable[[bytes], bool],
        send: Callable[[Message, float], bool],
        silence_s: Callable[[], float],
    ) -> None:
        """``tell`` sends a control message, ``send`` a message with its seconds until the deadline,
        both return False where the link takes nothing; ``silence_s`` returns how long the device
        was not heard.
        """
        self._tell = tell
        self.send = send
        self.silence_s = silence_s

    def tell(self, message: calls.FromGateway) -> bool:
        """Tells the device something; False if the link takes nothing."""
        return self._tell(calls.encode(message))

    def reply(self, reply: calls.Reply) -> bool:
        """Answers a call. A value that is too long for a message becomes an error."""
        data = calls.encode(reply)
        if len(data) > MAX_CONTROL_BYTES:
            reason = f"the answer has {len(data)} bytes, more than {MAX_CONTROL_BYTES}"
            data = calls.encode(calls.Reply(number=reply.number, error="BadMessage", reason=reason))
        return self._tell(data)
