"""Asking a STUN server, one that answers late, one that answers wrongly, one that is silent."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from app.ice.stun import Attribute, StunKind, encode_address, encode_message, parse_message
from cli.diagnostics import stun_client

Answer = Callable[[bytes, tuple[str, int]], list[bytes]]


@contextlib.contextmanager
def stun_server(answer: Answer) -> Iterator[tuple[str, int]]:
    """A UDP server on loopback that sends what ``answer`` makes of each question."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.1)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    data, sender = udp.recvfrom(2048)
                    for each in answer(data, sender):
                        udp.sendto(each, sender)

        thread = threading.Thread(target=serve, name="stun")
        thread.start()
        try:
            yield udp.getsockname()
        finally:
            stop.set()
            thread.join()


def seen_as(host: str, port: int = 4000) -> Answer:
    """Answers that the questioner is seen at this address."""

    def answer(data: bytes, _: tuple[str, int]) -> list[bytes]:
        number = parse_message(data).transaction
        value = encode_address(host, port, number)
        found = {Attribute.XOR_MAPPED_ADDRESS: value}.items()
        return [b"noise", encode_message(StunKind.RESPONSE, number, found)]

    return answer


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        yield opened


def test_the_address_that_the_server_sees_is_told(udp: socket.socket) -> None:
    with stun_server(seen_as("203.0.113.7", 4001)) as server:
        assert stun_client.ask(udp, server) == ("203.0.113.7", 4001)


def test_a_lost_question_is_repeated(udp: socket.socket) -> None:
    heard: list[bytes] = []

    def second(data: bytes, sender: tuple[str, int]) -> list[bytes]:
        heard.append(data)
        return seen_as("203.0.113.8")(data, sender) if len(heard) > 1 else []

    with stun_server(second) as server:
        assert stun_client.ask(udp, server) == ("203.0.113.8", 4000)
    assert heard[0] == heard[1]


def test_a_server_that_is_silent_or_gone_has_no_answer(udp: socket.socket) -> None:
    with stun_server(lambda data, sender: []) as server:
        assert stun_client.ask(udp, server) is None
    assert stun_client.ask(udp, server) is None


def test_an_answer_to_somebody_else_does_not_count(udp: socket.socket) -> None:
    def other(data: bytes, sender: tuple[str, int]) -> list[bytes]:
        value = encode_address("203.0.113.9", 1, bytes(12))
        found = {Attribute.XOR_MAPPED_ADDRESS: value}.items()
        return [encode_message(StunKind.RESPONSE, bytes(12), found)]

    with stun_server(other) as server:
        assert stun_client.ask(udp, server) is None


def test_a_name_without_an_address_is_an_error(udp: socket.socket) -> None:
    with pytest.raises(OSError):
        stun_client.ask(udp, ("no-such-name.invalid", 3478))
