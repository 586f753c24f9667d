"""STUN messages, against the vectors of RFC 5769 and by their own bounds: ``stun.py``."""

from __future__ import annotations

import random
import struct

import pytest
from aioice import stun as other

from app.ice.stun import (
    COOKIE,
    HEADER_BYTES,
    MAX_ATTRIBUTES,
    MAX_USERNAME_BYTES,
    Attribute,
    StunKind,
    encode_address,
    encode_error,
    encode_message,
    is_authentic,
    new_transaction,
    parse_message,
    username_of,
)

PASSWORD = b"VOkJxbRl1RmTxUk/WvJxBt"
TRANSACTION = bytes.fromhex("b7e7a701bc34d686fa87dfae")

REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae"
    "802200105354554e207465737420636c69656e74"
    "002400046e0001ff"
    "80290008932ff9b151263b36"
    "000600096576746a3a68367659202020"
    "000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2"
    "80280004e57a3bcf"
)
IPV4_RESPONSE = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7"
    "80280004c07d4c96"
)
IPV6_RESPONSE = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae"
    "8022000b7465737420766563746f7220"
    "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
    "00080014a382954e4be67bf11784c97c8292c275bfe3ed41"
    "80280004c8fb0b4c"
)
"""RFC 5769 sections 2.1 to 2.3."""


def message(*attributes: tuple[int, bytes], kind: int = StunKind.REQUEST) -> bytes:
    """A message without a digest, of any attributes."""
    body = b"".join(
        struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4)
        for name, value in attributes
    )
    return struct.pack("!HH", kind, len(body)) + COOKIE + TRANSACTION + body


def test_the_request_of_the_rfc_is_read_and_authentic() -> None:
    found = parse_message(REQUEST)
    assert (found.kind, found.transaction) == (StunKind.REQUEST, TRANSACTION)
    assert found.username == username_of(REQUEST) == b"evtj:h6vY"
    assert found.attributes[Attribute.PRIORITY] == bytes.fromhex("6e0001ff")
    assert found.integrity is Attribute.MESSAGE_INTEGRITY
    assert found.unknown == ()
    assert is_authentic(found, REQUEST, PASSWORD)
    assert not is_authentic(found, REQUEST, PASSWORD + b"x")


@pytest.mark.parametrize(
    ("data", "host"),
    [(IPV4_RESPONSE, "192.0.2.1"), (IPV6_RESPONSE, "2001:db8:1234:5678:11:2233:4455:6677")],
)
def test_the_responses_of_the_rfc_name_an_address(data: bytes, host: str) -> None:
    found = parse_message(data)
    assert found.kind is StunKind.RESPONSE
    assert is_authentic(found, data, PASSWORD)
    assert found.mapped_address == (host, 32853)
    value = found.attributes[Attribute.XOR_MAPPED_ADDRESS]
    assert encode_address(host, 32853, TRANSACTION) == value


@pytest.mark.parametrize("at", range(len(REQUEST)))
def test_a_bit_that_differs_anywhere_is_noticed(at: int) -> None:
    data = bytearray(REQUEST)
    data[at] ^= 1
    try:
        found = parse_message(bytes(data))
    except ValueError:
        return
    # The type of the fingerprint stands behind the digest: another one is none, and counts not.
    is_uncovered = at in (len(REQUEST) - 8, len(REQUEST) - 7)
    assert is_authentic(found, bytes(data), PASSWORD) is is_uncovered


@pytest.mark.parametrize("size", range(0, len(REQUEST), 3))
def test_a_message_that_is_cut_off_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="STUN"):
        parse_message(REQUEST[:size])
    assert username_of(REQUEST[:size]) in (b"", b"evtj:h6vY"[: max(size - 64, 0)], b"evtj:h6vY")


@pytest.mark.parametrize(
    "data",
    [
        message()[:4] + b"\0\0\0\0" + message()[8:],
        message() + b"\0\0\0\0",
        message((6, b"a"))[:-1],
        message(kind=0x0003),
        message(kind=0x0101 | 0x4000),
        message(*[(0x8000, b"")] * (MAX_ATTRIBUTES + 1)),
        message((Attribute.FINGERPRINT, bytes(4))),
        struct.pack("!HH", 1, 4) + COOKIE + TRANSACTION + struct.pack("!HH", 6, 8),
        struct.pack("!HH", 1, 8) + COOKIE + TRANSACTION + struct.pack("!HH", 6, 5) + bytes(4),
    ],
)
def test_what_is_malformed_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ValueError, match="."):
        parse_message(data)


@pytest.mark.parametrize(
    "integrity", [Attribute.MESSAGE_INTEGRITY, Attribute.MESSAGE_INTEGRITY_SHA256]
)
def test_what_is_written_is_read_by_us_and_by_others(integrity: Attribute) -> None:
    attributes = [
        (Attribute.USERNAME, b"ours:theirs"),
        (Attribute.PRIORITY, (7).to_bytes(4, "big")),
        (Attribute.USE_CANDIDATE, b""),
        (Attribute.ICE_CONTROLLING, (9).to_bytes(8, "big")),
    ]
    data = encode_message(
        StunKind.REQUEST, TRANSACTION, attributes, password=PASSWORD, integrity=integrity
    )
    found = parse_message(data)
    assert dict(found.attributes).items() >= dict(attributes).items()
    assert found.integrity is integrity
    assert is_authentic(found, data, PASSWORD)
    assert not is_authentic(found, data, b"else")
    if integrity is Attribute.MESSAGE_INTEGRITY:
        theirs = other.parse_message(data)
        assert theirs.check_message_integrity(PASSWORD)
        assert theirs.attributes["USERNAME"] == "ours:theirs"
        assert theirs.attributes["PRIORITY"] == 7
        assert theirs.attributes["ICE-CONTROLLING"] == 9
        assert "USE-CANDIDATE" in theirs.attributes


def test_what_others_write_is_read() -> None:
    theirs = other.Message(other.Method.BINDING, other.Class.RESPONSE)
    theirs.attributes["XOR-MAPPED-ADDRESS"] = ("192.0.2.9", 4567)
    theirs.add_message_integrity(PASSWORD)
    found = parse_message(bytes(theirs))
    assert found.mapped_address == ("192.0.2.9", 4567)
    assert is_authentic(found, bytes(theirs), PASSWORD)


def test_of_two_digests_the_stronger_one_behind_counts() -> None:
    """RFC 8489 section 9.1.2: a client that does not know what we can sends both."""
    first = encode_message(
        StunKind.REQUEST, TRANSACTION, [(Attribute.USERNAME, b"a:b")], password=PASSWORD
    )
    attributes = list(parse_message(first).attributes.items())
    named = [(Attribute(name), value) for name, value in attributes]
    data = encode_message(
        StunKind.REQUEST,
        TRANSACTION,
        named,
        password=PASSWORD,
        integrity=Attribute.MESSAGE_INTEGRITY_SHA256,
    )
    found = parse_message(data)
    assert found.integrity is Attribute.MESSAGE_INTEGRITY_SHA256
    assert is_authentic(found, data, PASSWORD)
    assert not is_authentic(found, data, b"else")


@pytest.mark.parametrize("size", [0, 1, 15])
def test_a_digest_that_is_cut_too_short_proves_nothing(size: int) -> None:
    data = message((Attribute.MESSAGE_INTEGRITY_SHA256, bytes(size)))
    assert not is_authentic(parse_message(data), data, PASSWORD)


def test_without_a_digest_nothing_is_authentic() -> None:
    data = encode_message(StunKind.REQUEST, TRANSACTION, [(Attribute.USERNAME, b"a:b")])
    assert parse_message(data).integrity is None
    assert not is_authentic(parse_message(data), data, b"")


def test_what_stands_behind_the_digest_does_not_count() -> None:
    signed = encode_message(StunKind.REQUEST, TRANSACTION, password=PASSWORD)
    # The fingerprint goes, and an attribute comes that the digest does not cover.
    late = signed[HEADER_BYTES : HEADER_BYTES + 24] + struct.pack("!HH", 0x25, 0)
    data = signed[:2] + len(late).to_bytes(2, "big") + signed[4:HEADER_BYTES] + late
    found = parse_message(data)
    assert is_authentic(found, data, PASSWORD)
    assert Attribute.USE_CANDIDATE not in found.attributes


def test_of_an_attribute_that_comes_twice_the_first_counts() -> None:
    assert parse_message(message((6, b"one"), (6, b"two"))).username == b"one"


def test_unknown_attributes_that_must_be_understood_are_told() -> None:
    found = parse_message(message((0x7777, b"x"), (0x9999, b""), (6, b"a:b")))
    assert found.unknown == (0x7777,)


def test_an_error_has_a_code() -> None:
    data = encode_message(
        StunKind.ERROR, TRANSACTION, [(Attribute.ERROR_CODE, encode_error(487, "Role Conflict"))]
    )
    assert parse_message(data).error_code == 487
    assert parse_message(REQUEST).error_code == 0
    theirs = other.parse_message(data)
    assert theirs.attributes["ERROR-CODE"] == (487, "Role Conflict")


@pytest.mark.parametrize(
    "value", [b"", b"\0", b"\0\x01\0\0", b"\0\x03" + bytes(6), b"\0\x02" + bytes(6)]
)
def test_an_address_that_cannot_be_read_is_none(value: bytes) -> None:
    assert parse_message(message((0x20, value), kind=StunKind.RESPONSE)).mapped_address is None


def test_an_ipv4_address_of_a_socket_for_both_versions_is_told_as_one() -> None:
    assert encode_address("::ffff:192.0.2.1", 9, TRANSACTION) == encode_address(
        "192.0.2.1", 9, TRANSACTION
    )
    assert len(encode_address("fe80::1%eth0", 9, TRANSACTION)) == 20


def test_a_name_is_found_without_parsing_or_there_is_none() -> None:
    assert username_of(message((0x8022, b"abc"), (6, b"a:b"))) == b"a:b"
    assert username_of(message((6, b"x" * (MAX_USERNAME_BYTES + 1)))) == b""
    assert username_of(message(*[(0x8022, b"")] * MAX_ATTRIBUTES, (6, b"a:b"))) == b""
    assert username_of(b"") == b""


def test_transactions_are_all_different() -> None:
    assert len({new_transaction() for _ in range(1000)}) == 1000


def test_whatever_comes_raises_nothing_else() -> None:
    of = random.Random(3)
    for _ in range(20_000):
        data = bytearray(of.choice((REQUEST, IPV4_RESPONSE, IPV6_RESPONSE)))
        for _ in range(of.randrange(1, 6)):
            data[of.randrange(len(data))] = of.randrange(256)
        text = bytes(data[: of.randrange(len(data) + 1)]) if of.random() < 0.3 else bytes(data)
        username_of(text)
        try:
            found = parse_message(text)
        except ValueError:
            continue
        assert found.mapped_address is None or found.mapped_address[1] < 65536
        is_authentic(found, text, PASSWORD)
