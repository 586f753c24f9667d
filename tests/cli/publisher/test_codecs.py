"""The codecs that are published."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np

from cli.publisher import codecs
from cli.publisher.clip import SAMPLE_RATE
from media.codec_table import TABLE


def test_one_is_for_pictures_and_one_for_sound() -> None:
    assert (codecs.VIDEO.kind, codecs.AUDIO.kind) == ("video", "audio")
    assert {codecs.VIDEO.name, codecs.AUDIO.name} <= {each.name for each in TABLE}


def test_the_muxer_for_whip_takes_both() -> None:
    assert "whip" in av.formats_available
    whip = av.ContainerFormat("whip", "w")
    assert whip.is_output
    for each in (codecs.VIDEO, codecs.AUDIO):
        assert each.encoder in av.codec.codecs_available


def test_the_encoder_for_pictures_makes_what_the_server_takes() -> None:
    encoder: Any = av.CodecContext.create(codecs.VIDEO.encoder, "w")
    encoder.width, encoder.height = 96, 64
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 30)
    frame = av.VideoFrame.from_ndarray(np.full((96, 96), 90, np.uint8), format="yuv420p")
    frame.pts = 0
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    assert packets[0].is_keyframe
    decoder: Any = av.CodecContext.create(codecs.VIDEO.decoder, "r")
    picture = [*decoder.decode(packets[0]), *decoder.decode(None)][0]
    assert (picture.width, picture.height) == (96, 64)


def test_the_encoder_for_sound_takes_the_rate_of_webrtc() -> None:
    encoder = av.CodecContext.create(codecs.AUDIO.encoder, "w")
    assert SAMPLE_RATE in (encoder.codec.audio_rates or [])
