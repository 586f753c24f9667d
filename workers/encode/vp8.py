"""VP8 by libvpx: real time, constant bitrate."""

from __future__ import annotations

from workers.encode.encoder import EncodedFrame, EncoderSpec
from workers.encode.libav import encode_one, open_context
from workers.media.picture import Picture

_SPEED = "-8"
_BUFFER_S = 0.6
_NEVER = "100000"


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
                "lag-in-frames": "0",
                "auto-alt-ref": "0",
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
