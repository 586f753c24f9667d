"""Makes the clips of this folder: ``python -m tests.data.clips.make ../shared/data``. They are
committed; this is how.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from models.training import held_out
from models.training.clip import Bytes, Clip, from_bgr
from models.training.film import read_passage
from models.training.game import film_game
from models.training.photos import Camera, film_photo, film_still_camera

SIZE = (960, 540)
FRAMES = 48
FOLDER = Path(__file__).parent

TEXT = (
    "A live picture is worth nothing late. The broadcaster's compressed bits are the smallest",
    "thing that can cross a long link, so the server forwards the bits that it received and",
    "decodes them where the pixels are wanted. Each viewer has a ring of their own; what does",
    "not fit is dropped up to the next frame boundary and counted: a queue only moves the delay.",
    "    stream  codec  size     rate      fps   state",
    "    cam1    h264   480x270  412 kb/s  30.0  live",
    "    cam2    vp8    640x360  655 kb/s  29.9  live",
    "    desk    h264   960x540  1.2 Mb/s  15.0  starting",
    "",
    "def next_deadline(self) -> float | None:",
    "    return min(self._timers, default=None)",
    "",
)


def main() -> None:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data")
    hand = Camera(speed=1.6, shake=2.0, turn=0.02, zoom=0.05, blur=1)
    rush = Camera(speed=14.0, shake=3.0, turn=0.08, zoom=0.15, blur=4)
    still = {"Wine_by_Jakkub_Mede", "friends_by_Aitzol_Berasategi"}
    if not still | {"aitzgorri_by_Aitzol_Berasategi"} <= held_out.PHOTOS:
        raise SystemExit("a photograph of these clips is not held out")
    if not {source for source, *_ in CAMERA.values()} <= held_out.NATURAL:
        raise SystemExit("a camera clip of these is not held out")
    room, guest = _photo(data, "Wine_by_Jakkub_Mede"), _photo(data, "friends_by_Aitzol_Berasategi")
    _write(
        "handheld",
        film_photo(guest, SIZE, FRAMES, hand, np.random.default_rng(1)),
        15,
    )
    _write("speaker", film_still_camera(room, guest, SIZE, FRAMES, np.random.default_rng(2)), 13)
    mountain = _photo(data, "aitzgorri_by_Aitzol_Berasategi")
    _write("motion", film_photo(mountain, SIZE, FRAMES, rush, np.random.default_rng(3)), 15)
    _write("screen", _screen(), 12)
    start = int(held_out.PASSAGES["bbb_b_360p24"][0] * 24)
    passage = read_passage(data / "video" / "bbb_b_360p24.mp4", start + OFFSET, FRAMES)
    _write("animation", passage, 13)
    game = np.random.default_rng(GAME_SEED)
    _write("game", film_game((640, 360), FRAMES, game), 17)
    for name, (source, first, frames, crf) in CAMERA.items():
        _cut(name, data / "natural" / f"{source}.mp4", first, frames, crf)


GAME_SEED = held_out.SCREEN_SEED + 1000
"""Training and its validation use smaller seeds."""

MAX_CAMERA = (640, 360)
"""Width and height that camera clips are cut to, around the middle."""

CAMERA = {
    "street": ("marathon", 27, 36, 15),
    "talking": ("asl_man", 18, 48, 12),
    "dashcam": ("road_car", 1, 36, 16),
}
"""Clip: its source, the first of its frames (of the middle of the source), their number, CRF."""

OFFSET = 110
"""Frames into the held-out passage: past the cut."""


def _photo(data: Path, name: str) -> Bytes:
    image = cv2.imread(str(data / "photos" / f"{name}.jpg"), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{data} holds no photos/{name}.jpg")
    return np.asarray(image, np.uint8)


def _screen() -> Clip:
    """A page that scrolls by 3 pixels a frame beside a still side bar; its face is not one used in
    training.
    """
    face = cv2.FontFace("/usr/share/fonts/truetype/dejavu/DejaVuSerif.ttf")
    page = np.full((SIZE[1] + 3 * FRAMES, SIZE[0], 3), (246, 247, 244), np.uint8)
    for line in range(page.shape[0] // 24 + 1):
        cv2.putText(page, TEXT[line % len(TEXT)], (200, 24 * line + 17), (40, 36, 33), face, 17)
    bar = np.full((SIZE[1], 180, 3), (92, 58, 41), np.uint8)
    for line, word in enumerate(
        ["Overview", "Streams", "Viewers", "Workers", "Models", "Settings"]
    ):
        cv2.circle(
            bar, (24, 60 + 44 * line), 9, (60 + 30 * line, 190, 230 - 25 * line), -1, cv2.LINE_AA
        )
        cv2.putText(bar, word, (44, 66 + 44 * line), (235, 235, 235), face, 18)
    frames = []
    for n in range(FRAMES):
        frame = page[3 * n : 3 * n + SIZE[1]].copy()
        frame[:, :180] = bar
        frames.append(frame)
    return from_bgr(frames, 30)


def _cut(name: str, source: Path, first: int, frames: int, crf: int) -> None:
    """Codes some frames of a camera clip anew, pixels as they are."""
    path = FOLDER / f"{name}.mp4"
    with av.open(str(source)) as film, av.open(str(path), "w") as container:
        size = film.streams.video[0]
        # Cut at whole samples of 4:2:0 chroma, at multiples of four in size.
        width, height = (
            min(side, most) // 4 * 4
            for side, most in zip((size.width, size.height), MAX_CAMERA, strict=True)
        )
        left, top = (size.width - width) // 4 * 2, (size.height - height) // 4 * 2
        stream = _stream(container, width, height, round(float(size.average_rate or 0)), crf)
        for index, frame in enumerate(film.decode(video=0)):
            if not first <= index < first + frames:
                continue
            planes = np.asarray(frame.reformat(format="yuv420p").to_ndarray(), np.uint8)
            luma = planes[: frame.height][top : top + height, left : left + width]
            chroma = planes[frame.height :].reshape(2, frame.height // 2, frame.width // 2)
            chroma = chroma[:, top // 2 : (top + height) // 2, left // 2 : (left + width) // 2]
            _put(container, stream, luma, chroma, index - first)
        container.mux(stream.encode(None))
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def _write(name: str, clip: Clip, crf: int) -> None:
    frames, height, width = clip.luma.shape
    path = FOLDER / f"{name}.mp4"
    with av.open(str(path), "w") as container:
        stream = _stream(container, width, height, clip.fps, crf)
        for index in range(frames):
            halves = [cv2.resize(plane, (width // 2, height // 2)) for plane in clip.chroma[index]]
            _put(container, stream, clip.luma[index], np.stack(halves), index)
        container.mux(stream.encode(None))
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def _stream(container: Any, width: int, height: int, fps: int, crf: int) -> Any:
    stream = container.add_stream("libx264", rate=fps)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    stream.options = {"crf": str(crf), "preset": "veryslow"}
    return stream


def _put(container: Any, stream: Any, luma: Bytes, chroma: Bytes, index: int) -> None:
    height, width = luma.shape
    packed = np.concatenate([luma.reshape(-1), chroma.reshape(-1)])
    frame = av.VideoFrame.from_ndarray(packed.reshape(height * 3 // 2, width), format="yuv420p")
    frame.pts, frame.time_base = index, Fraction(1, round(float(stream.codec_context.framerate)))
    container.mux(stream.encode(frame))


if __name__ == "__main__":
    main()
