"""VP8 by libvpx: real time, constant bitrate."""

from __future__ import annotations

from workers.encode.encoder import EncodedFrame, EncoderSpec
from workers.encode.libav import encode_one, open_context
from workers.media.picture import Picture

_SPEED = "-8"
"""libvpx's ``cpu-used``, -16 to 16; a negative one is a fixed speed, so that the time of a picture
does not depend on what else the machine does."""

_BUFFER_S = 0.6
"""Size of the rate control's buffer in seconds of the bitrate."""

_NEVER = "100000"
"""Pictures between key frames that libvpx makes by itself: ``KeyFramePolicy`` decides on them."""


class Vp8Encoder:
    """One frame per picture (RFC 6386). libvpx goes by time stamps, so any frame rate is right."""

    def __init__(self, spec: EncoderSpec, *, fps: float) -> None:
        rate = int(spec.kbps * 1000)
        self._context = open_context(
            "libvpx",
            spec,
            fps=fps,
            options={
                "deadline": "realtime",
                "cpu-used": _SPEED,
                # Looking ahead would hold pictures back, and an alternate reference is a frame that
                # is never shown: both break the rule of one unit for each picture.
                "lag-in-frames": "0",
                "auto-alt-ref": "0",
                # Equal minimum, maximum and bitrate make FFmpeg choose constant bitrate.
                "minrate": str(rate),
                "maxrate": str(rate),
                "bufsize": str(int(rate * _BUFFER_S)),
                "rc_init_occupancy": str(int(rate * _BUFFER_S * 2 / 3)),
                "undershoot-pct": "100",
                "overshoot-pct": "15",
                "qmin": "2",
                "qmax": "56",
                "static-thresh": "1",
                "g": _NEVER,
            },
        )

    def encode(self, picture: Picture, *, ticks: int, fps: float, key: bool) -> EncodedFrame:
        """Codes a picture."""
        return encode_one(self._context, picture, ticks=ticks, key=key)
