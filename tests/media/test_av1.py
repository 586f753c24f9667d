"""``media/av1.py``: payloads of the AOM's RTP format, units, offers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import av1_obu
from media.av1 import AV1, Av1Reader, choose, join_obus, key_frame_size
from media.av1_obu import DELIMITER, FRAME, PADDING, SEQUENCE_HEADER, TILE_LIST, with_size
from media.codec import Codec
from media.coded_picture import CodedPicture, Fault, FrameInfo
from media.fragment import Fragment, PayloadStart
from tests.app import coding
from tests.media.av1_parts import frame_of, obu_of, sequence_of
from tests.media.payloads import depacketize, inspect, joined, packetize
from tests.source_tree import ROOT

SENT = [kind for kind in range(16) if kind not in (2, TILE_LIST, PADDING)]


def unit_of(*obus: bytes) -> bytes:
    return DELIMITER + b"".join(map(with_size, obus))


def data_of(*payloads: bytes) -> bytes:
    return b"".join(depacketize(Codec.AV1, payload).data for payload in payloads)


def read(reader: Av1Reader, *payloads: bytes) -> CodedPicture:
    data = data_of(*payloads)
    return reader.read(data, head=PayloadStart.UNKNOWN, cuts=(), after_loss=False)


_OBUS = st.lists(
    st.builds(
        lambda kind, length, extended: obu_of(kind, b"\x55" * length, extension=extended),
        st.sampled_from(SENT),
        st.integers(0, 20) | st.integers(0, 5000),
        st.booleans(),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(_OBUS, st.integers(12, 1500), st.booleans())
def test_any_unit_comes_back_from_payloads_of_any_length(
    obus: list[bytes], mtu: int, is_key: bool
) -> None:
    unit = unit_of(*obus)
    payloads = AV1.packetize(unit, picture_id=0, is_key=is_key, size=(0, 0), mtu=mtu)
    assert all(1 < len(payload) <= mtu for payload in payloads)
    assert join_obus(data_of(*payloads)) == obus
    assert [bool(payload[0] & 0x08) for payload in payloads] == [is_key] + [False] * (
        len(payloads) - 1
    )
    # A fragment that goes on is told at both of its ends.
    goes_on = [bool(payload[0] & 0x40) for payload in payloads]
    assert [bool(payload[0] & 0x80) for payload in payloads] == [False, *goes_on[:-1]]
    assert not goes_on[-1]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(2, 3000), min_size=1, max_size=6), st.integers(40, 1500))
def test_a_payload_ends_with_an_obu_only_where_the_unit_ends(lengths: list[int], mtu: int) -> None:
    # libwebrtc takes such a payload for the last of its frame, whatever the marker says.
    unit = unit_of(*(obu_of(FRAME, bytes(length)) for length in lengths))
    payloads = packetize(Codec.AV1, unit, mtu=mtu)
    assert all(payload[0] & 0x40 for payload in payloads[:-1])


@pytest.mark.parametrize("size", [(98, 54), (480, 270), (1280, 720)])
def test_a_real_stream_comes_back_and_is_decoded(size: tuple[int, int]) -> None:
    units = coding.av1(*size, 3)
    back = [joined(Codec.AV1, packetize(Codec.AV1, unit)) for unit in units]
    assert tuple(back) == units
    assert coding.decode(Codec.AV1, back) == [size] * 3
    assert [inspect(Codec.AV1, unit) for unit in units] == [
        FrameInfo(True, *size),
        FrameInfo(False),
        FrameInfo(False),
    ]


def test_payloads_are_written_as_the_specification_says() -> None:
    first, second = obu_of(SEQUENCE_HEADER, b"seq"), obu_of(FRAME, b"abcdefghij")
    payloads = AV1.packetize(unit_of(first, second), picture_id=0, is_key=True, size=(0, 0), mtu=16)
    assert (
        payloads
        == [
            b"\x68\x04" + first + second[:7],  # Y, W=2, N
            b"\x90" + second[7:],  # Z, W=1
        ]
    )


@pytest.mark.parametrize(
    ("payloads", "obus"),
    [
        ([b"\x10\x30frame"], [b"\x30frame"]),
        ([b"\x00\x02\x30a\x03\x30bc"], [b"\x30a", b"\x30bc"]),
        ([b"\x20\x02\x30a\x30bc"], [b"\x30a", b"\x30bc"]),
        ([b"\x50\x30fr", b"\xd0am", b"\x90e"], [b"\x30frame"]),
        ([b"\x60\x02\x30a\x30b", b"\x90c"], [b"\x30a", b"\x30bc"]),
        # Sizes of their own, delimiters, tile lists and empty elements.
        ([b"\x10\x32\x05frame"], [b"\x30frame"]),
        ([b"\x30\x02\x12\x00\x01\x40\x30a"], [b"\x30a"]),
        ([b"\x20\x00\x30a"], [b"\x30a"]),
    ],
)
def test_payloads_are_read_as_the_specification_has_them(
    payloads: list[bytes], obus: list[bytes]
) -> None:
    assert join_obus(data_of(*payloads)) == obus
    assert read(Av1Reader(), *payloads).payload == unit_of(*obus)


@pytest.mark.parametrize("payload", [b"\x10", b"\x98\x30a", b"\x88\x30a"])
def test_an_impossible_header_is_malformed(payload: bytes) -> None:
    with pytest.raises(ValueError, match="AV1 payload"):
        depacketize(Codec.AV1, payload)


@pytest.mark.parametrize(
    "payloads",
    [
        [b"\x90rest"],  # its beginning is missing
        [b"\x50\x30fr"],  # its end is missing
        [b"\x50\x30fr", b"\x10\x30a"],
        [b"\x10\x30a", b"\x90rest"],
        [b"\x00\x09\x30a"],  # cut off
        [b"\x30\x02\x30a\x01"],  # fewer than it says
        [b"\x10\x12\x00"],  # nothing but a delimiter
        [b"\x10\xb0a"],  # the forbidden bit
        [b"\x10\x08\xff"],  # a sequence header without a size
    ],
)
def test_a_unit_with_missing_or_damaged_parts_is_refused(payloads: list[bytes]) -> None:
    assert read(Av1Reader(), *payloads).fault is Fault.DAMAGED


def test_a_fragment_that_is_cut_off_is_refused() -> None:
    picture = Av1Reader().read(b"\x00\x09\x10a", head=PayloadStart.KEY, cuts=(), after_loss=False)
    assert picture.fault is Fault.DAMAGED


@pytest.mark.parametrize("count", [av1_obu.MAX_OBUS, av1_obu.MAX_OBUS + 1])
def test_more_obus_than_any_encoder_makes_are_refused(count: int) -> None:
    payloads = [b"\x00" + b"\x01\x28" * 256] * (count // 256)
    payloads += [b"\x10\x28"] * (count % 256)
    fault = read(Av1Reader(), *payloads).fault
    assert fault is (Fault.TOO_MANY_PARTS if count > av1_obu.MAX_OBUS else None)
    assert read(Av1Reader(), b"\x00" + b"\x01\x28" * 600).fault is Fault.TOO_MANY_PARTS


def test_a_sequence_header_is_put_in_front_of_a_key_frame_that_lacks_it() -> None:
    header = sequence_of(1280, 720)
    frame = frame_of(av1_obu.parse_sequence(header), size=(640, 360))
    reader = Av1Reader()
    assert read(reader, b"\x10" + frame).fault is Fault.NO_PARAMETER_SETS
    whole = packetize(Codec.AV1, unit_of(header, frame))
    picture = read(reader, *whole)
    assert (picture.is_key, picture.size, picture.largest) == (True, (640, 360), (1280, 720))
    later = read(reader, b"\x10" + frame)
    assert later.payload == picture.payload == unit_of(header, frame)
    assert (later.is_key, later.size, later.largest) == (True, (640, 360), (0, 0))


def test_layers_are_one_picture_of_the_sequences_size() -> None:
    header = sequence_of(1280, 720, points=(0x301, 0x101))
    sequence = av1_obu.parse_sequence(header)
    base = frame_of(sequence, size=(640, 360))
    unit = unit_of(header, base, obu_of(FRAME, b"\x30upper", extension=True))
    assert inspect(Codec.AV1, unit) == FrameInfo(True, 1280, 720)
    assert joined(Codec.AV1, packetize(Codec.AV1, unit)) == unit


def test_a_size_over_the_limit_is_told_in_any_unit() -> None:
    unit = unit_of(sequence_of(16384, 8704), obu_of(FRAME, b"\x30"))
    assert inspect(Codec.AV1, unit).largest == (16384, 8704)
    assert inspect(Codec.AV1, b"\x32\x05a") == FrameInfo(False)


def test_the_payload_that_begins_a_key_frame_tells_its_size() -> None:
    first, second = coding.av1(480, 270, 2)
    payloads = packetize(Codec.AV1, first) + packetize(Codec.AV1, second)
    sizes = [key_frame_size(depacketize(Codec.AV1, payload)) for payload in payloads]
    assert sizes == [(480, 270)] + [(0, 0)] * (len(payloads) - 1)
    assert key_frame_size(Fragment(b"")) == (0, 0)
    assert key_frame_size(depacketize(Codec.AV1, b"\x18\x08\xff")) == (0, 0)


def test_heads_say_how_a_payload_begins() -> None:
    heads = [depacketize(Codec.AV1, payload).head for payload in (b"\x18a", b"\x10a", b"\x90a")]
    assert heads == [PayloadStart.KEY, PayloadStart.UNKNOWN, PayloadStart.MIDDLE]
    reader = Av1Reader()
    assert reader.has_picture(b"") and not any(map(reader.begins_picture, PayloadStart))
    reader.learn("profile=0")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_payloads_make_a_picture_or_are_refused(first: bytes, second: bytes) -> None:
    reader = Av1Reader()
    fragments = []
    for payload in (b"\x00" + first, first, second):
        try:
            fragments.append(depacketize(Codec.AV1, payload))
        except ValueError:
            continue
    data = b"".join(fragment.data for fragment in fragments)
    for each in (data, first):
        picture = reader.read(each, head=PayloadStart.KEY, cuts=(), after_loss=False)
        assert picture.fault is not None or join_obus(
            data_of(*packetize(Codec.AV1, picture.payload))
        )


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [({}, True), ({"profile": "0", "level-idx": "5"}, True), ({"profile": "1"}, False)],
)
def test_the_main_profile_is_taken(offered: dict[str, str], chosen: bool) -> None:
    assert bool(choose([offered], True)) is chosen
    assert AV1.answer("level-idx=5;profile=0;tier=0") == "level-idx=5;profile=0;tier=0"


def test_the_golden_unit_of_the_wire_is_a_key_frame_of_its_size() -> None:
    path = ROOT / "tests/wire/vectors/vectors.json"
    (described,) = json.loads(path.read_text())["av1"]["batch"]["units"]
    unit = bytes.fromhex(described["payload"])
    assert inspect(Codec.AV1, unit) == FrameInfo(True, described["width"], described["height"])
    assert joined(Codec.AV1, packetize(Codec.AV1, unit)) == unit
