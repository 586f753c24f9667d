"""WHIP session for units that are coded already."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

from cli.publisher.send_encoder import SendUnit
from cli.publisher.session import SendFormat, WhipSession
from cli.publisher.template import template_of
from media.access_unit import Kind

_VIDEO_BASE, _AUDIO_BASE = Fraction(1, 90_000), Fraction(1, 48_000)
_OFFSET_US = 20_000
"""Added to all times, since sound may begin before the first picture."""


class CopySession(WhipSession):
    """A session that begins with a key frame; it takes coded units with their times."""

    def __init__(self, url: str, token: str, key_frame: bytes, *, has_sound: bool) -> None:
        self._template = template_of(key_frame)
        context = self._template.codec_context
        sent = SendFormat(context.width, context.height, Fraction(30), 0, has_sound)
        super().__init__(url, token, sent)
        self._last: dict[Kind, int] = {}

    def send(self, kind: Kind, unit: SendUnit) -> None:
        """Sends one unit. Raises NotPublished."""
        is_video = kind is Kind.VIDEO
        packet: av.Packet[Any] = av.Packet(unit.data)
        packet.time_base = _VIDEO_BASE if is_video else _AUDIO_BASE
        at = round(Fraction(unit.at_us + _OFFSET_US, 1_000_000) / packet.time_base)
        # FFmpeg refuses times that do not grow; Opus begins anew before its first sample.
        at = self._last[kind] = max(at, self._last.get(kind, -1) + 1)
        packet.pts = packet.dts = at
        packet.is_keyframe = unit.is_key
        packet.stream = self._video if is_video else self._audio
        self._mux(packet)

    def _add_video(self) -> Any:
        video = self._container.add_stream_from_template(self._template, opaque=True)
        video.time_base = _VIDEO_BASE
        return video
