"""``CodecDescriptor``: what it says where a codec says nothing of its own."""

from __future__ import annotations

import dataclasses

from media.codec import SideData, as_offered, every
from media.opus import OPUS
from media.vp8 import VP8
from media.vp9 import VP9


def test_names_are_made_of_the_encoding_name() -> None:
    named = dataclasses.replace(VP8, encoding_name="X9")
    assert (named.name, named.mime_type, named.rtpmap) == ("x9", "video/X9", "X9/90000")
    assert (OPUS.name, OPUS.mime_type, OPUS.rtpmap) == ("opus", "audio/opus", "opus/48000/2")


def test_every_payload_type_will_do_unless_a_codec_says_otherwise() -> None:
    assert list(every([{}, {"a": "b"}], True)) == [0, 1]
    assert VP8.choose is every and VP9.choose is not every


def test_parameters_are_answered_as_offered_unless_a_codec_says_otherwise() -> None:
    assert as_offered("a=b;c") == "a=b;c"
    assert VP9.answer is as_offered and VP8.answer is not as_offered


def test_a_decoder_tells_nothing_and_keeps_the_order_unless_a_codec_says_otherwise() -> None:
    assert VP8.side_data is SideData.NONE and not VP8.reorders
    assert VP9.side_data == SideData.QUANTIZERS and not VP9.side_data & SideData.VECTORS
