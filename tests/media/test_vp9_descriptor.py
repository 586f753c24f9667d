from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.vp9_descriptor import Descriptor, GroupPicture, Layer, Structure, parse_descriptor

# Bytes by hand from the figures of RFC 9628 section 4.2.
KNOWN = {
    "nothing": ("00", Descriptor()),
    "7-bit picture ID": ("80 7f", Descriptor(picture_id=127, is_short=True)),
    "15-bit picture ID": ("8c 92 34", Descriptor(0x1234, begins_frame=True, ends_frame=True)),
    "layers": (
        "e9 81 00 53 07",
        Descriptor(
            256,
            inter_picture=True,
            begins_frame=True,
            is_discardable=True,
            layer=Layer(2, 1, switching_up=True, inter_layer=True),
            tl0_picture_index=7,
        ),
    ),
    "flexible": (
        "f4 80 01 20 03 05 fe",
        Descriptor(
            1,
            inter_picture=True,
            ends_frame=True,
            layer=Layer(1, 0),
            is_flexible=True,
            references=(1, 2, 127),
        ),
    ),
    "flexible key frame": (
        "98 80 01",
        Descriptor(1, is_flexible=True, begins_frame=True),
    ),
    "structure of three sizes": (
        "0a 50 00a0 005a 0140 00b4 0280 0168",
        Descriptor(
            begins_frame=True,
            structure=Structure(3, ((160, 90), (320, 180), (640, 360))),
        ),
    ),
    "structure of a group": (
        "0a 08 02 00 34 01",
        Descriptor(
            begins_frame=True,
            structure=Structure(
                group=(GroupPicture(0), GroupPicture(1, switching_up=True, references=(1,)))
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_bytes_are_read_and_written(name: str) -> None:
    text, descriptor = KNOWN[name]
    data = bytes.fromhex(text)
    assert parse_descriptor(data + b"frame") == (descriptor, len(data))
    assert descriptor.encode() == data


@pytest.mark.parametrize("name", KNOWN)
def test_every_truncation_is_refused(name: str) -> None:
    data = bytes.fromhex(KNOWN[name][0])
    for end in range(len(data)):
        with pytest.raises(ValueError, match="cut off before its"):
            parse_descriptor(data[:end])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cut off before its first byte"),
        ("10", "flexible mode has no picture ID"),
        ("20 01 00", "below the lowest"),
        ("d0 01 03 03 03 02", "more than 3 references"),
    ],
)
def test_what_breaks_the_rfc_is_refused_with_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_descriptor(bytes.fromhex(text))


def test_reserved_bits_of_the_structure_are_passed_over() -> None:
    descriptor, length = parse_descriptor(bytes.fromhex("0a 0f 01 03"))
    assert descriptor.structure == Structure(group=(GroupPicture(0),))
    assert length == 4


SIDES = st.integers(0, 65535)
PICTURES = st.builds(
    GroupPicture,
    temporal=st.integers(0, 7),
    switching_up=st.booleans(),
    references=st.lists(st.integers(0, 255), max_size=3).map(tuple),
)


@st.composite
def structures(draw: st.DrawFn) -> Structure:
    layers = draw(st.integers(1, 8))
    sizes = draw(st.lists(st.tuples(SIDES, SIDES), min_size=layers, max_size=layers))
    return Structure(
        layers,
        tuple(sizes) if draw(st.booleans()) else (),
        draw(st.none() | st.lists(PICTURES, max_size=6).map(tuple)),
    )


@st.composite
def descriptors(draw: st.DrawFn) -> Descriptor:
    flexible = draw(st.booleans())
    short = draw(st.booleans())
    number = st.integers(0, 127 if short else 32767)
    picture_id = draw(number if flexible else st.none() | number)
    spatial = draw(st.integers(0, 7))
    layer = draw(
        st.none()
        | st.builds(
            Layer,
            temporal=st.integers(0, 7),
            spatial=st.just(spatial),
            switching_up=st.booleans(),
            inter_layer=st.booleans() if spatial else st.just(False),
        )
    )
    inter = draw(st.booleans())
    references = st.lists(st.integers(0, 127), min_size=1, max_size=3).map(tuple)
    return Descriptor(
        picture_id=picture_id,
        is_short=short and picture_id is not None,
        inter_picture=inter,
        begins_frame=draw(st.booleans()),
        ends_frame=draw(st.booleans()),
        is_discardable=draw(st.booleans()),
        layer=layer,
        tl0_picture_index=draw(st.integers(0, 255)) if layer and not flexible else None,
        is_flexible=flexible,
        references=draw(references) if inter and flexible else (),
        structure=draw(st.none() | structures()),
    )


@settings(max_examples=200, deadline=None)
@given(descriptors(), st.binary(max_size=8))
def test_parse_is_the_inverse_of_encode(descriptor: Descriptor, rest: bytes) -> None:
    data = descriptor.encode()
    assert parse_descriptor(data + rest) == (descriptor, len(data))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_with_a_value_error(data: bytes) -> None:
    try:
        descriptor, length = parse_descriptor(data)
    except ValueError:
        return
    assert 1 <= length <= len(data)
    assert parse_descriptor(descriptor.encode()) == (descriptor, length)


def test_a_picture_id_takes_the_bits_it_says() -> None:
    long = Descriptor(picture_id=5)
    short = dataclasses.replace(long, is_short=True)
    assert (len(long.encode()), len(short.encode())) == (3, 2)
