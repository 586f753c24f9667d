"""The table of parsers: who is in it, and that all of its loops can be compiled ahead of time."""

from __future__ import annotations

import pytest

from media.codec import Codec, SideData
from media.codec_table import DESCRIPTORS
from workers.bitstream.parsers import PARSERS, warm_up
from workers.errors import BrokenUnit
from workers.media.frame_info import CodecInfo

from ..clips import Clip, units


def test_codecs_whose_decoder_tells_vectors_need_no_parser_of_ours() -> None:
    for codec in PARSERS:
        assert SideData.VECTORS not in DESCRIPTORS[codec].side_data


@pytest.mark.parametrize("codec", PARSERS)
def test_a_parser_reads_the_units_of_its_codec_in_their_order(codec: Codec) -> None:
    parser = PARSERS[codec]()
    told = [parser.parse(unit.payload).info for unit in units(Clip(codec, frames=4))]
    assert all(isinstance(info, CodecInfo) for info in told)
    assert [info.is_key for info in told] == [True, False, False, False]
    assert all(info.motion is not None for info in told[1:])


@pytest.mark.parametrize("codec", PARSERS)
def test_each_call_makes_a_parser_of_its_own(codec: Codec) -> None:
    first, second = PARSERS[codec](), PARSERS[codec]()
    key, inter = (unit.payload for unit in units(Clip(codec, frames=2)))
    first.parse(key)
    with pytest.raises(BrokenUnit):
        second.parse(inter)
    assert not first.parse(inter).info.is_key


@pytest.mark.parametrize("codec", PARSERS)
@pytest.mark.parametrize("unit", [b"", b"\0", bytes(100), b"\xff" * 100])
def test_what_is_no_unit_is_refused(codec: Codec, unit: bytes) -> None:
    with pytest.raises(BrokenUnit):
        PARSERS[codec]().parse(unit)


def test_warming_up_twice_is_harmless() -> None:
    warm_up()
    warm_up()
