"""Frame numbers burnt into the picture, so that any viewer can tell which frame it shows.

2 x 16 cells over the top sixth: a bit, and its inverse below it. Large flat cells survive
compression and scaling, and the inverse tells a stamp from anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from cli.publisher.stamp import BITS, burn

Luma = npt.NDArray[np.uint8]


def read(luma: Luma) -> int | None:
    """The number in a luma plane, None where there is no stamp."""
    height, width = luma.shape
    row = height // 12
    number = 0
    for index in range(BITS):
        middle = (2 * index + 1) * width // (2 * BITS)
        # The middle third of each cell alone: its edges are blurred by scaling and by deblocking
        # filters.
        reach = max(1, width // (BITS * 6))
        columns = slice(middle - reach, middle + reach)
        upper = float(luma[row // 3 : row - row // 3, columns].mean())
        lower = float(luma[row + row // 3 : 2 * row - row // 3, columns].mean())
        # Levels: a bit and its inverse are burnt 195 apart (`cli/publisher/stamp.py`). What lies
        # closer is picture, or a stamp that the codec has destroyed.
        if abs(upper - lower) < 60:
            return None
        number = number << 1 | (upper > lower)
    return number


def frames(clip: Path, width: int, height: int, count: int) -> Iterator[tuple[Luma, Luma, Luma]]:
    """``count`` stamped YUV 4:2:0 frames of a clip, played to and fro without a jump."""
    planes = _load(clip, width, height)
    # Forth and back without the ends twice, so that motion goes on and no frame repeats the one
    # before.
    there_and_back = list(range(len(planes))) + list(range(len(planes) - 2, 0, -1))
    for number in range(count):
        luma, u, v = planes[there_and_back[number % len(there_and_back)]]
        stamped = luma.copy()
        burn(stamped, number)
        yield stamped, u, v


def _load(clip: Path, width: int, height: int) -> list[tuple[Luma, Luma, Luma]]:
    planes = []
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            small = frame.reformat(width=width, height=height, format="yuv420p")
            picture = np.asarray(small.to_ndarray(), np.uint8)
            chroma = picture[height:].reshape(-1)
            half = chroma.size // 2
            shape = (height // 2, width // 2)
            planes.append(
                (picture[:height], chroma[:half].reshape(shape), chroma[half:].reshape(shape))
            )
    return planes


def write_y4m(clip: Path, target: Path, *, width: int, height: int, fps: int, count: int) -> None:
    """A stamped clip in the form that Chromium's fake camera plays in a loop. Even sizes only."""
    with open(target, "wb") as out:
        out.write(f"YUV4MPEG2 W{width} H{height} F{fps}:1 Ip A1:1 C420jpeg\n".encode())
        for luma, u, v in frames(clip, width, height, count):
            out.write(b"FRAME\n")
            for plane in (luma, u, v):
                out.write(np.ascontiguousarray(plane).tobytes())


JAVASCRIPT = """
(video, key) => {
  const canvas = document.createElement('canvas');
  const W = 160, H = 24;
  canvas.width = W; canvas.height = H;
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const seen = []; window['stamps_' + key] = seen;
  const cell = (data, x, y) => {
    let sum = 0, n = 0;
    for (let j = y - 2; j <= y + 2; j++) for (let i = x - 2; i <= x + 2; i++) {
      sum += data[4 * (j * W + i) + 1]; n++;
    }
    return sum / n;
  };
  const step = (now, meta) => {
    context.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 6, 0, 0, W, H);
    const data = context.getImageData(0, 0, W, H).data;
    let number = 0, good = true;
    for (let b = 0; b < 16; b++) {
      const up = cell(data, 5 + 10 * b, 6), down = cell(data, 5 + 10 * b, 18);
      if (Math.abs(up - down) < 60) good = false;
      number = number * 2 + (up > down ? 1 : 0);
    }
    seen.push([good ? number : -1, performance.timeOrigin + meta.presentationTime,
               performance.timeOrigin + performance.now(), video.videoWidth, video.videoHeight,
               meta.rtpTimestamp === undefined ? -1 : meta.rtpTimestamp]);
    if (seen.length > 5000) seen.splice(0, 1000);
    video.requestVideoFrameCallback(step);
  };
  video.requestVideoFrameCallback(step);
}
"""
"""Reads the stamps of a playing <video> into ``window.stamps_<key>``:
[number or -1, presentation time, callback time (Unix ms), width, height, RTP time stamp]."""
