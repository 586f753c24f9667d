from __future__ import annotations

import dataclasses

import numpy as np
import psutil
import pytest

from media.codec import Codec
from media.codec_table import DESCRIPTORS
from media.vp9_frame import join_layers
from tests.app import coding
from workers.decode.decoder import UnitDecoder, open_decoder
from workers.errors import BrokenUnit, NoDecoder, PictureTooLarge

from ..clips import Clip, picture, units

ENCODE = {
    Codec.H264: coding.h264,
    Codec.VP8: coding.vp8,
    Codec.VP9: coding.vp9,
    Codec.AV1: coding.av1,
}
EACH = pytest.mark.parametrize("codec", list(ENCODE))


@EACH
def test_each_unit_gives_its_picture_at_once(codec: Codec) -> None:
    decoder = UnitDecoder(codec)
    for index, unit in enumerate(units(Clip(codec=codec, frames=10))):
        ((tag, decoded),) = decoder.decode(unit.payload, index + 100)
        assert tag == index + 100
        original = picture(index, 64, 48)
        error = decoded.y.astype(float) - original.y
        assert np.sqrt(np.mean(error**2)) < 8
        assert abs(float(decoded.u.mean()) - float(original.u.mean())) < 3


@EACH
def test_the_size_may_change_at_a_key_frame(codec: Codec) -> None:
    decoder = UnitDecoder(codec)
    sizes = []
    for width, height in ((64, 48), (96, 80), (32, 32)):
        for unit in units(Clip(codec=codec, width=width, height=height, frames=3)):
            sizes += [(p.width, p.height) for _, p in decoder.decode(unit.payload, 0)]
    assert sizes == [(64, 48)] * 3 + [(96, 80)] * 3 + [(32, 32)] * 3


@pytest.mark.parametrize("codec", [Codec.VP8, Codec.VP9])
def test_odd_sizes_keep_their_last_row_and_column(codec: Codec) -> None:
    decoder = UnitDecoder(codec)
    (unit,) = units(Clip(codec=codec, width=63, height=47, frames=1))
    ((_, decoded),) = decoder.decode(unit.payload, 0)
    assert decoded.y.shape == (47, 63)
    assert decoded.u.shape == decoded.v.shape == (24, 32)


@EACH
def test_what_is_no_unit_is_refused(codec: Codec) -> None:
    clip = list(units(Clip(codec=codec, frames=3)))
    decoder = UnitDecoder(codec)
    with pytest.raises(BrokenUnit):
        decoder.decode(clip[1].payload, 0)  # no key frame before it
    decoder = UnitDecoder(codec)
    decoder.decode(clip[0].payload, 0)
    with pytest.raises(BrokenUnit):
        # An OBU of no known type is passed over, one that is cut off is not.
        decoder.decode(b"\x32\x05a" if codec is Codec.AV1 else b"\0", 1)


def test_the_highest_of_vp9s_spatial_layers_is_the_picture() -> None:
    small = [unit.payload for unit in units(Clip(codec=Codec.VP9, frames=1))]
    large = [unit.payload for unit in units(Clip(codec=Codec.VP9, width=128, height=96, frames=2))]
    decoder = UnitDecoder(Codec.VP9)
    both = join_layers(small[0] + large[0], [len(small[0])])
    for tag, unit in enumerate([both, large[1]]):
        ((came, decoded),) = decoder.decode(unit, tag)
        assert came == tag
        assert (decoded.width, decoded.height) == (128, 96)
        original = picture(tag, 128, 96)
        assert np.sqrt(np.mean((decoded.y.astype(float) - original.y) ** 2)) < 8


@EACH
@pytest.mark.parametrize("size", [(1920, 1104), (2048, 1152), (4096, 560)])
def test_a_picture_over_the_limit_is_not_made(codec: Codec, size: tuple[int, int]) -> None:
    (unit,) = ENCODE[codec](*size)
    resident = psutil.Process().memory_info().rss
    with pytest.raises(BrokenUnit):
        UnitDecoder(codec).decode(unit, 0)
    assert psutil.Process().memory_info().rss - resident < 16_000_000


@EACH
def test_1080p_is_decoded_either_way_up(codec: Codec) -> None:
    for size in ((1920, 1080), (1080, 1920)):
        ((_, decoded),) = UnitDecoder(codec).decode(ENCODE[codec](*size)[0], 0)
        assert (decoded.width, decoded.height) == size


def test_what_a_decoder_makes_is_compared_with_the_limit_too() -> None:
    decoder = UnitDecoder(Codec.H264)
    decoder._context.options = {}  # as if libavcodec knew no limit
    with pytest.raises(PictureTooLarge, match="1920x1104"):
        decoder.decode(coding.h264(1920, 1104)[0], 0)


def test_pictures_in_another_order_come_out_in_the_order_of_presentation() -> None:
    decoder = UnitDecoder(Codec.H264)
    units_of = coding.h264_with_b_frames(98, 54, 12)
    shown = [tag for picture, data in units_of for tag, _ in decoder.decode(data, picture)]
    shown += [tag for tag, _ in decoder.flush()]
    assert [picture for picture, _ in units_of] != list(range(12))
    assert shown == list(range(12))


def test_gradual_refresh_is_decoded_from_a_recovery_point_on() -> None:
    data = coding.h264(98, 54, 60, options="intra-refresh=1:keyint=20")
    decoder = UnitDecoder(Codec.H264)
    shown = [tag for n in range(20, 60) for tag, _ in decoder.decode(data[n], n)]
    assert shown == list(range(shown[0], 60)) and shown[0] <= 41


def test_a_decoder_that_ffmpeg_lacks_is_named() -> None:
    described = dataclasses.replace(DESCRIPTORS[Codec.VP8], decoder="libnone")
    with pytest.raises(NoDecoder, match="cannot decode VP8: its FFmpeg has no decoder libnone"):
        open_decoder(described)
