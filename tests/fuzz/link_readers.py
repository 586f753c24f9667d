"""Readers of what comes over a link between sites, and good inputs for them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.contract.units import batch, video
from tests.wire.link.virtual_path import Pair, Path
from tests.wire.remote.letters import INVITE, RESULT, TASK
from tests.wire.remote.test_calls import FROM_DEVICE, FROM_GATEWAY
from wire.errors import BadBatch, BadMessage
from wire.link import datagram
from wire.link.link import ControlReceived, Link, MessageReceived
from wire.link.message import Message, encode_body, parse_body
from wire.log import Entry
from wire.remote import calls, units
from wire.remote.in_order import InOrder
from wire.remote.link_site import LinkSite
from wire.remote.team_units import TeamLetter, encode_letter, parse_letter


def read_datagrams(pieces: Iterator[bytes]) -> None:
    """Hands datagrams to a link, and what comes of it to a device's site."""
    link, site, now = Link(), LinkSite(), 10.0
    link.send(Message(1, 0, 0, bytes(5000)), deadline=now + 0.3, now=now)
    link.send_control(b"hello")
    for piece in pieces:
        now += 0.005
        link.receive(piece, now=now)
        while (event := link.next_event()) is not None:
            match event:
                case ControlReceived(content):
                    site.on_control(content)
                case MessageReceived(message):
                    site.on_message(message)
        for _ in range(64):
            data = link.next_datagram(now=now)
            if data is None:
                break
            if len(data) > datagram.MAX_DATAGRAM_BYTES:
                raise AssertionError("a datagram is larger than a path takes")
        link.next_deadline(now=now)


def datagrams() -> list[list[bytes]]:
    """What two links send each other on a path that loses a little."""
    pair = Pair(Path(loss=0.1), Path(loss=0.1))
    for serial in range(4):
        pair.send(0, Message(units.SOURCE_UNITS, 0, serial, bytes(4000)), 0.3)
        pair.links[0].send_control(calls.encode(FROM_GATEWAY[serial]))
    pair.run(11.0)
    sent = [data for _, data in sorted(pair.datagrams[0] + pair.datagrams[1])]
    return [sent[:8], sent[8:24]]


def read_body(data: bytes) -> None:
    """Reads the body of a message; what was read can be sent on."""
    message = parse_body(data)
    if parse_body(encode_body(message)) != message:
        raise AssertionError("a message is not what it is read as")


def bodies() -> list[bytes]:
    """Bodies of messages."""
    return [encode_body(Message(3, 4, 5, bytes(100))), encode_body(Message(255, 65535, 65535, b""))]


def read_from_device(data: bytes) -> None:
    """Reads what a device sends; what was read can be sent on."""
    message = calls.parse_from_device(data)
    if calls.parse_from_device(calls.encode(message)) != message:
        raise AssertionError("a call is not what it is read as")


def from_device() -> list[bytes]:
    """One of each that a device sends."""
    return [calls.encode(message) for message in FROM_DEVICE]


def read_from_gateway(data: bytes) -> None:
    """Hands what a gateway tells to a device's site."""
    site = LinkSite()
    site.on_control(data)
    if not site.bad_messages:
        calls.parse_from_gateway(data)


def from_gateway() -> list[bytes]:
    """One of each that a gateway tells."""
    return [calls.encode(message) for message in FROM_GATEWAY]


def read_units(pieces: Iterator[bytes]) -> None:
    """Puts parts of batches into order, joins and reads them, as both ends do."""
    order, joiner = InOrder(0.1), units.Joiner()
    for number, piece in enumerate(pieces):
        serial = int.from_bytes(piece[:2], "big")
        order.put(serial, piece[2:], now=number / 100)
        order.tick(now=number / 100)
        for delivery in order.take():
            with contextlib.suppress(BadBatch):
                whole = joiner.add(delivery.content)
                if whole is None:
                    continue
                with contextlib.suppress(BadBatch):
                    units.parse_units(whole[1])
                units.encode_entry(units.parse_entry(whole[1]))


def parts_of_units() -> list[list[bytes]]:
    """Parts of an entry and of batches, each behind its serial."""
    sent = batch(7, video(1, key=True), video(2))
    contents = [units.encode_entry(Entry("1795861977117-5", sent)), units.encode_units(sent)]
    parts = [part for content in contents for part in units.cut(content, 3)]
    return [[number.to_bytes(2, "big") + part for number, part in enumerate(parts)]]


def read_letter(data: bytes) -> None:
    """Reads a team message of a link; what was read can be sent on."""
    letter = parse_letter(data)
    if parse_letter(encode_letter(letter)) != letter:
        raise AssertionError("a letter is not what it is read as")


def letters() -> list[bytes]:
    """Team messages of a link."""
    return [encode_letter(TeamLetter("w", message, 0.5)) for message in (INVITE, TASK, RESULT)]


REFUSALS = (BadMessage, BadBatch)
"""What these readers may raise."""
