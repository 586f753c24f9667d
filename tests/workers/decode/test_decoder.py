from __future__ import annotations

import numpy as np
import pytest

from wire.batch import Codec
from workers.decode.decoder import UnitDecoder
from workers.errors import BrokenUnit

from ..clips import Clip, picture, units

BOTH = pytest.mark.parametrize("codec", [Codec.H264, Codec.VP8])


@BOTH
def test_each_unit_gives_its_picture_at_once(codec: Codec) -> None:
    decoder = UnitDecoder(codec)
    for index, unit in enumerate(units(Clip(codec=codec, frames=10))):
        ((tag, decoded),) = decoder.decode(unit.payload, index + 100)
        assert tag == index + 100
        original = picture(index, 64, 48)
        error = decoded.y.astype(float) - original.y
        assert np.sqrt(np.mean(error**2)) < 8
        assert abs(float(decoded.u.mean()) - float(original.u.mean())) < 3


@BOTH
def test_the_size_may_change_at_a_key_frame(codec: Codec) -> None:
    decoder = UnitDecoder(codec)
    sizes = []
    for width, height in ((64, 48), (96, 80), (32, 32)):
        for unit in units(Clip(codec=codec, width=width, height=height, frames=3)):
            sizes += [(p.width, p.height) for _, p in decoder.decode(unit.payload, 0)]
    assert sizes == [(64, 48)] * 3 + [(96, 80)] * 3 + [(32, 32)] * 3


def test_odd_sizes_keep_their_last_row_and_column() -> None:
    decoder = UnitDecoder(Codec.VP8)
    (unit,) = units(Clip(codec=Codec.VP8, width=63, height=47, frames=1))
    ((_, decoded),) = decoder.decode(unit.payload, 0)
    assert decoded.y.shape == (47, 63)
    assert decoded.u.shape == decoded.v.shape == (24, 32)


@BOTH
def test_what_is_no_unit_is_refused(codec: Codec) -> None:
    clip = list(units(Clip(codec=codec, frames=3)))
    decoder = UnitDecoder(codec)
    with pytest.raises(BrokenUnit):
        decoder.decode(clip[1].payload, 0)  # no key frame before it
    decoder = UnitDecoder(codec)
    decoder.decode(clip[0].payload, 0)
    with pytest.raises(BrokenUnit):
        decoder.decode(b"\0", 1)
