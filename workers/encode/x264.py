"""H.264 by libx264: High or constrained baseline, no delay, constant bitrate at any frame rate."""

from __future__ import annotations

from workers.encode.encoder import EncodedFrame, EncoderSpec
from workers.encode.level import level_for
from workers.encode.libav import encode_one, open_context
from workers.encode.refinement import Refinement
from workers.media.picture import Picture

_NOMINAL_FPS = 10.0
"""Frame rate that x264 is opened with, the lowest at which the bitrate is kept."""

_BUFFER_S = 0.5
"""Size of the rate control's buffer (VBV) in seconds of the bitrate."""

_LEVEL_FPS = 30.0
"""Frame rate that the level holds at least: rates are measured and may rise to it later."""

_AQ_STRENGTH = 0.3
"""x264's adaptive quantization, 1 by default: it moves bits from detail, which is what the net
adds, to flat parts. At 0.3 there remain 0.02 to 0.04 dB more of the net's gain than at 1, at one
rate and in less time; at 0 as much, with less VMAF-NEG."""

_CHROMA_OFFSET = 2
"""Steps by which chroma is quantized more than x264 would: it was enlarged by interpolation, and
has no detail that the source's chroma had not."""

STEPPED_PRESET = "superfast"
"""The preset that steps begin at; an operator who sets another one has chosen."""

_REFINEMENTS = {
    Refinement.FAST: "",
    # Beside what the preset has: quarter samples and blocks of 8x8, as ``faster`` searches them, in
    # three quarters of its time.
    Refinement.FINE: ":subme=4:me=hex:partitions=i4x4,i8x8,p8x8",
}


class X264Encoder:
    """Annex B units; SPS and PPS before every key frame.

    Without delay x264 counts frames, not time: it believes the frame rate it was opened with.
    So it is opened at the lowest rate, and the bitrate follows the true one; x264 lets a constant
    bitrate go down while running, but never above what it was opened with.
    """

    def __init__(self, spec: EncoderSpec, *, fps: float) -> None:
        rate = str(int(spec.kbps * 1000))
        self._bit_rate = int(spec.kbps * 1000)
        # A jittered rate of 30 may be measured as 31 or 32, which must not raise the level.
        level = level_for(spec.width, spec.height, max(fps, _LEVEL_FPS) if fps > 32 else _LEVEL_FPS)
        self._context = open_context(
            "libx264",
            spec,
            fps=_NOMINAL_FPS,
            options={
                "preset": spec.preset,
                "tune": "zerolatency",
                "profile": "baseline" if spec.is_plain else "high",
                # A requested key frame is an IDR picture: decoding can start at it. A plain I
                # picture would not keep later ones from referring to what was before it.
                "forced-idr": "1",
                "maxrate": rate,
                "bufsize": str(int(spec.kbps * 1000 * _BUFFER_S)),
                "x264-params": (
                    "keyint=infinite:scenecut=0:repeat-headers=1:annexb=1:bframes=0"
                    f":level={level}:aq-strength={_AQ_STRENGTH}:chroma-qp-offset={_CHROMA_OFFSET}"
                    + _REFINEMENTS[spec.refinement]
                ),
            },
        )

    def encode(self, picture: Picture, *, ticks: int, fps: float, key: bool) -> EncodedFrame:
        """Codes a picture; the bitrate follows the frame rate in steps of 5 %."""
        # A change sets up the rate control anew, so the jitter of a measured rate makes none.
        wanted = int(self._bit_rate * min(1.0, _NOMINAL_FPS / fps))
        if abs(wanted - self._context.bit_rate) > 0.05 * self._context.bit_rate:
            self._context.bit_rate = wanted
        return encode_one(self._context, picture, ticks=ticks, key=key)
