"""A clip with sound, since a stream without any costs less than a real one."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

RATE = 48_000
# Samples of one Opus frame: 20 ms at 48 kHz.
_FRAME = 960


def with_tone(clip: Path, target: Path) -> None:
    """Copies the clip's video and adds a quiet tone as Opus, as long as the video."""
    with av.open(str(clip)) as source, av.open(str(target), "w") as out:
        taken = source.streams.video[0]
        video = out.add_stream_from_template(taken)
        audio = out.add_stream("libopus", rate=RATE, layout="stereo")
        duration = float((taken.duration or 0) * (taken.time_base or 0))
        for packet in source.demux(taken):
            if packet.dts is not None:
                packet.stream = video
                out.mux(packet)
        for index in range(int(duration * RATE / _FRAME)):
            at = np.arange(index * _FRAME, (index + 1) * _FRAME)
            tone = (np.sin(at * 2 * np.pi * 440 / RATE) * 3000).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(
                tone.repeat(2).reshape(1, -1), format="s16", layout="stereo"
            )
            frame.sample_rate, frame.pts = RATE, index * _FRAME
            out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
