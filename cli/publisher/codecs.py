"""The codecs that FFmpeg's WHIP muxer takes, and so those that are published."""

from __future__ import annotations

from cli.publisher.h264_units import H264Units
from media.h264 import H264
from media.opus import OPUS

VIDEO = H264
AUDIO = OPUS

VideoUnits = H264Units
"""Reader of a source's packets of that video."""
