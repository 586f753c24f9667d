from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rtp.jitter_buffer import CodedUnit, Packet, VideoJitterBuffer
from media import vp9
from media.codec import Codec
from media.coded_picture import FrameInfo
from media.fragment import PayloadStart
from media.vp9_descriptor import Descriptor, Layer, Structure, parse_descriptor
from media.vp9_frame import join_layers
from tests.app import coding
from tests.media.payloads import inspect, packetize


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 6000),
    st.integers(0, 2**20),
    st.booleans(),
    st.tuples(st.integers(1, 65535), st.integers(1, 65535)) | st.just((0, 0)),
    st.integers(20, 1500),
    st.randoms(use_true_random=False),
)
def test_what_was_packetized_comes_back(
    length: int,
    picture_id: int,
    is_key: bool,
    size: tuple[int, int],
    mtu: int,
    source: random.Random,
) -> None:
    data = source.randbytes(length)
    payloads = vp9.packetize(data, picture_id=picture_id, is_key=is_key, size=size, mtu=mtu)
    assert all(len(payload) <= mtu for payload in payloads)
    fragments = [vp9.depacketize(payload) for payload in payloads]
    assert b"".join(fragment.data for fragment in fragments) == data
    assert fragments[0].head is (PayloadStart.KEY if is_key else PayloadStart.FRAME)
    assert all(fragment.head is PayloadStart.MIDDLE for fragment in fragments[1:])
    descriptors = [parse_descriptor(payload)[0] for payload in payloads]
    assert {d.picture_id for d in descriptors} == {picture_id % 32768}
    assert [d.begins_frame for d in descriptors] == [True] + [False] * (len(payloads) - 1)
    assert [d.ends_frame for d in descriptors] == [False] * (len(payloads) - 1) + [True]
    assert all(d.inter_picture is not is_key and d.layer is None for d in descriptors)
    told = Structure(sizes=(size,)) if is_key and size[0] else None
    assert [d.structure for d in descriptors] == [told] + [None] * (len(payloads) - 1)


def test_no_bytes_are_no_payloads() -> None:
    assert vp9.packetize(b"", picture_id=1, is_key=True, size=(2, 2)) == []


def test_packets_tell_key_frames_and_sizes_of_a_real_stream() -> None:
    first, second = (packetize(Codec.VP9, unit, picture_id=9) for unit in coding.vp9(98, 54, 2))
    assert parse_descriptor(first[0])[0].structure == Structure(sizes=((98, 54),))
    assert vp9.depacketize(first[0]).head is PayloadStart.KEY
    assert vp9.depacketize(second[0]).head is PayloadStart.FRAME


@pytest.mark.parametrize(
    ("descriptor", "head"),
    [
        (Descriptor(begins_frame=True), PayloadStart.KEY),
        (Descriptor(), PayloadStart.MIDDLE),
        (Descriptor(begins_frame=True, inter_picture=True), PayloadStart.FRAME),
        (Descriptor(begins_frame=True, layer=Layer(0, 0), tl0_picture_index=0), PayloadStart.KEY),
        # A higher layer of a key picture is predicted from the layer below it.
        (
            Descriptor(begins_frame=True, layer=Layer(0, 1, inter_layer=True), tl0_picture_index=0),
            PayloadStart.FRAME,
        ),
        # Nothing can start at a higher layer, even at one that is predicted from nothing.
        (Descriptor(begins_frame=True, layer=Layer(0, 2), tl0_picture_index=0), PayloadStart.FRAME),
    ],
)
def test_the_descriptor_says_where_decoding_may_start(
    descriptor: Descriptor, head: PayloadStart
) -> None:
    fragment = vp9.depacketize(descriptor.encode() + b"bytes")
    assert (fragment.data, fragment.head) == (b"bytes", head)


@given(st.binary(min_size=1, max_size=60))
def test_any_payload_is_read_or_refused_with_a_value_error(data: bytes) -> None:
    try:
        fragment = vp9.depacketize(data)
    except ValueError:
        return
    assert data.endswith(fragment.data)


def packets(units: tuple[bytes, ...]) -> list[Packet]:
    """The units as a receiver hands them to the assembler."""
    found: list[Packet] = []
    for index, unit in enumerate(units):
        payloads = packetize(Codec.VP9, unit, picture_id=index)
        for place, payload in enumerate(payloads):
            fragment = vp9.depacketize(payload)
            found.append(
                Packet(
                    sequence=len(found),
                    timestamp=3000 * index,
                    marker=place == len(payloads) - 1,
                    data=fragment.data,
                    arrival_us=0,
                    head=fragment.head,
                )
            )
    return found


def assemble(arriving: list[Packet]) -> list[CodedUnit]:
    assembler = VideoJitterBuffer()
    return [unit for packet in arriving for unit in assembler.add(packet, now=0.0).units]


@pytest.mark.parametrize("hidden", [False, True])
def test_a_real_stream_out_of_order_comes_back_whole_and_is_decoded(hidden: bool) -> None:
    units = coding.vp9(480, 270, 25, hidden=hidden)
    sent = packets(units)
    shuffled = random.Random(1)
    arriving = [sent[0]]  # what comes before the first packet would count as late
    for at in range(1, len(sent), 5):
        group = sent[at : at + 5]
        shuffled.shuffle(group)
        arriving += group
    found = assemble(arriving)
    assert tuple(unit.data for unit in found) == units
    assert [unit.head for unit in found] == [PayloadStart.KEY] + [PayloadStart.FRAME] * 24
    assert all(unit.cuts == () for unit in found)
    assert coding.decode(Codec.VP9, [unit.data for unit in found]) == [(480, 270)] * 25


def test_layers_of_one_picture_are_one_unit_with_cuts() -> None:
    first, second, third = coding.vp9(480, 270, 3)
    sent = packets((first, second, third))
    # The layers of a picture share its time; only the last one's last packet has the marker.
    ends = [at for at, packet in enumerate(sent) if packet.marker]
    layered = [
        Packet(p.sequence, 0, at == ends[-1], p.data, 0, p.head) for at, p in enumerate(sent)
    ]
    (unit,) = assemble(layered)
    assert unit.head is PayloadStart.KEY
    assert [unit.data[a:b] for a, b in pairwise([0, *unit.cuts, len(unit.data)])] == [
        first,
        second,
        third,
    ]


def test_a_unit_that_begins_in_the_middle_says_so() -> None:
    sent = packets(coding.vp9(480, 270, 2))
    assert len([packet for packet in sent if packet.timestamp == 0]) > 1
    found = assemble(sent[1:])
    assert [unit.head for unit in found] == [PayloadStart.MIDDLE, PayloadStart.FRAME]


@pytest.mark.parametrize("size", [(98, 54), (480, 270), (1920, 1080)])
def test_vp9s_key_frame_tells_its_size(size: tuple[int, int]) -> None:
    units = coding.vp9(*size, 2)
    assert inspect(Codec.VP9, units[0]) == FrameInfo(True, *size)
    assert inspect(Codec.VP9, units[1]) == FrameInfo(False)


def test_a_vp9_superframe_starts_with_its_first_frame_and_has_the_size_of_its_last() -> None:
    small, large = coding.vp9(98, 54)[0], coding.vp9(196, 108)[0]
    delta = coding.vp9(98, 54, 2)[1]
    for parts, info in (
        ((small, large), FrameInfo(True, 196, 108)),
        ((small, delta), FrameInfo(True, 98, 54)),
        ((delta, large), FrameInfo(False, 196, 108)),
    ):
        assert inspect(Codec.VP9, join_layers(b"".join(parts), (len(parts[0]),))) == info


@pytest.mark.parametrize("at,value", [(0, 0), (0, 0x92), (1, 0), (4, 0xFF)])
def test_vp9_with_a_wrong_marker_profile_sync_code_or_size_is_no_key_frame(
    at: int, value: int
) -> None:
    head = bytearray(coding.vp9(98, 54)[0])
    head[at] = value
    assert inspect(Codec.VP9, bytes(head)) == FrameInfo(False)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [({}, True), ({"profile-id": "0"}, True), ({"profile-id": "2"}, False)],
)
def test_profile_0_alone_is_taken(offered: dict[str, str], chosen: bool) -> None:
    assert bool(vp9.choose([offered], True)) is chosen
    assert vp9.VP9.answer("profile-id=0") == "profile-id=0"
