from __future__ import annotations

from wire.link.control_stream import MAX_CONTROL_BYTES
from wire.remote import calls
from wire.remote.outlet import Outlet


def kept() -> tuple[list[bytes], Outlet]:
    """What an outlet sends, and the outlet."""
    sent: list[bytes] = []

    def tell(data: bytes) -> bool:
        sent.append(data)
        return True

    return sent, Outlet(tell, lambda message, left_s: True, lambda: 0.5)


def test_what_is_told_is_encoded() -> None:
    sent, outlet = kept()
    assert outlet.tell(calls.Changed(stream="cam"))
    assert outlet.reply(calls.Reply(number=1, value=2))
    assert [calls.parse_from_gateway(data) for data in sent] == [
        calls.Changed(stream="cam"),
        calls.Reply(number=1, value=2),
    ]
    assert outlet.silence_s() == 0.5


def test_an_answer_that_is_too_long_becomes_an_error() -> None:
    sent, outlet = kept()
    outlet.reply(calls.Reply(number=7, value="x" * MAX_CONTROL_BYTES))
    (data,) = sent
    reply = calls.parse_from_gateway(data)
    assert isinstance(reply, calls.Reply)
    assert (reply.number, reply.value, reply.error) == (7, None, "BadMessage")
    assert str(MAX_CONTROL_BYTES) in reply.reason


def test_a_link_that_takes_nothing_is_told() -> None:
    outlet = Outlet(lambda data: False, lambda message, left_s: False, lambda: 0.0)
    assert not outlet.tell(calls.Changed(stream="cam"))
    assert not outlet.reply(calls.Reply(number=1))
