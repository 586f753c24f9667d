"""Pictures as a worker's decoder gives them, with what their codec tells."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Iterator
from typing import Any

from av.video.frame import PictureType

from benchmarks.temporal.material import Material
from media.codec import Codec
from models.training.codec import LiveEncoder, open_encoder, to_frame
from workers.bitstream.inspector import CodecInspector
from workers.decode.decoder import UnitDecoder
from workers.media.frame_info import CodecInfo
from workers.media.picture import Picture
from workers.process import jit_warmup

__all__ = ["CODECS", "Coded", "coded_frames"]

CODECS = {"h264": Codec.H264, "vp8": Codec.VP8}


@dataclasses.dataclass(frozen=True, slots=True)
class Coded:
    """One decoded picture."""

    picture: Picture
    info: CodecInfo
    info_s: float
    """Seconds that it took to read ``info``, beside decoding."""


def coded_frames(
    material: Material, encoder: LiveEncoder, *, keys: Collection[int] = ()
) -> Iterator[Coded]:
    """The material through an encoder and a worker's decoder; ``keys`` are frames that are made key
    frames beside the first.
    """
    # Compiled here and not at the first frame, where it would count as time of reading.
    jit_warmup.warm_up()
    height, width = material.small.shape[1:]
    context = open_encoder(encoder, width, height, material.fps)
    codec = CODECS[encoder.codec]
    decoder, inspector = UnitDecoder(codec), CodecInspector(codec)
    for index, luma in enumerate(material.small):
        frame: Any = to_frame(luma, material.chroma[index], index)
        if index in keys:
            frame.pict_type = PictureType.I
        # Encoders without delay give each frame its packet, decoders each packet its picture.
        (packet,) = context.encode(frame)
        payload = bytes(packet)
        begun = time.perf_counter()
        inspector.on_access_unit(index, payload)
        seen = time.perf_counter()
        ((tag, picture),) = decoder.decode(payload, index)
        decoded = time.perf_counter()
        info = inspector.take_info(tag, picture.frame, len(payload))
        told = time.perf_counter()
        yield Coded(picture, info, (seen - begun) + (told - decoded))
