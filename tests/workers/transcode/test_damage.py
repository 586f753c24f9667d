"""Sound that a container refuses, sudden ends, and names that look like protocols."""

from __future__ import annotations

import errno
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import av.error
import pytest

from tests.workers.transcode.films import (
    enhance,
    ffmpeg,
    files_up_to,
    film,
    frames,
    music,
    packets,
    pattern,
)
from workers.errors import FileFailed
from workers.transcode.job import partial_of
from workers.transcode.output import is_refusal
from workers.transcode.source import has_picture

ROOT = Path(__file__).parents[3]
ADTS = re.compile(rb"\xff[\xf0\xf1]")


def stream_with_sound(path: Path) -> Path:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x48:d=1.2:r=25",
        "-f",
        "lavfi",
        "-i",
        "sine=d=1.2",
        "-c:v",
        "libx264",
        "-c:a",
        "aac",
        path,
    )
    return path


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_damaged_sound_is_left_out_and_counted(tmp_path: Path, zoo: Path, suffix: str) -> None:
    source = stream_with_sound(tmp_path / "in.ts")
    sound = packets(source, "audio")
    data = bytearray(source.read_bytes())
    marks = [found.start() for found in ADTS.finditer(data)]
    data[marks[len(marks) // 2]] = 0
    source.write_bytes(data)
    report = enhance(source, tmp_path / f"out{suffix}", zoo)
    assert report.frames == len(frames(tmp_path / f"out{suffix}")) == 30
    assert any(re.match(r"\d+ damaged packets? of sound left out\.", n) for n in report.notes)
    assert len(sound) - 8 <= len(packets(tmp_path / f"out{suffix}", "audio")) < len(sound)


@pytest.mark.parametrize("seed", range(6))
def test_random_damage_does_not_stop_the_work(tmp_path: Path, zoo: Path, seed: int) -> None:
    source = stream_with_sound(tmp_path / "in.ts")
    data = bytearray(source.read_bytes())
    chance = random.Random(seed)
    for _ in range(60):
        data[chance.randrange(5000, len(data))] = chance.randrange(256)
    source.write_bytes(data)
    target = tmp_path / ("out.mkv" if seed % 2 else "out.mp4")
    report = enhance(source, target, zoo)
    assert report.frames == len(frames(target)) >= 10


def test_only_a_write_error_is_blamed_on_the_folder() -> None:
    for number in (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EPERM, errno.EROFS, errno.EDQUOT):
        assert not is_refusal(OSError(number, os.strerror(number)))
    assert is_refusal(av.error.InvalidDataError(1, "damaged"))
    assert is_refusal(av.error.ArgumentError(errno.EINVAL, "times that do not grow"))


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_file_that_shows_no_picture_is_not_left(tmp_path: Path, zoo: Path, suffix: str) -> None:
    source = pattern(tmp_path / "in.mkv", "-c:v", "libx264", size="160x96", seconds=2)
    with files_up_to(1000), pytest.raises(FileFailed, match="cannot be written to: "):
        enhance(source, tmp_path / f"out{suffix}", zoo)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


FULL = """
import sys
from pathlib import Path
from tests.workers.transcode.films import files_up_to
from workers.errors import FileFailed
from workers.transcode.job import FileEnhancer, FileOptions
source, folder, zoo = map(Path, sys.argv[1:])
with FileEnhancer(FileOptions("tiny", threads=1, zoo=zoo)) as enhancer:
    for length in (0, 40, 60, 100):
        for suffix in (".mp4", ".mkv", ".y4m"):
            try:
                with files_up_to(length):
                    enhancer.enhance(source, folder / f"out{suffix}")
            except FileFailed as error:
                print(error)
    print(enhancer.enhance(source, folder / "out.mp4").frames)
"""


def test_a_full_disk_ends_one_file_and_not_the_process(tmp_path: Path, zoo: Path) -> None:
    """FFmpeg crashes where packets or an end follow a header that could not be written."""
    source = pattern(tmp_path / "in.mkv", "-c:v", "libx264", seconds=0.4)
    folder = tmp_path / "full"
    folder.mkdir()
    command = [sys.executable, "-c", FULL, str(source), str(folder), str(zoo)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    *refused, frames_after = done.stdout.splitlines()
    assert refused == [f"{folder} cannot be written to: File too large."] * 12
    assert (frames_after, [path.name for path in folder.iterdir()]) == ("10", ["out.mp4"])


def test_what_an_earlier_run_left_stays_when_nothing_is_begun(tmp_path: Path, zoo: Path) -> None:
    source = pattern(tmp_path / "in.mkv", "-c:v", "libx264", seconds=0.2)
    partial = partial_of(tmp_path / "out.mkv")
    partial.write_text("of yesterday")

    def interrupt(sentences: tuple[str, ...]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enhance(source, tmp_path / "out.mkv", zoo, on_losses=interrupt)
    assert partial.read_text() == "of yesterday"


KILLED = """
import os, signal, sys
from pathlib import Path
from workers.transcode.job import FileEnhancer, FileOptions
def show(progress):
    if progress.frames >= 60:
        os.kill(os.getpid(), signal.SIGKILL)
source, target, zoo = map(Path, sys.argv[1:])
FileEnhancer(FileOptions("tiny", threads=1, zoo=zoo)).enhance(source, target, on_progress=show)
"""


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_kill_leaves_the_first_pictures(tmp_path: Path, zoo: Path, suffix: str) -> None:
    source = pattern(tmp_path / "in.mkv", "-c:v", "libx264", seconds=4)
    target = tmp_path / f"out{suffix}"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, source, target, zoo], timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert len(frames(partial_of(target))) >= 12


@pytest.mark.parametrize("name", ["a:b.mp4", "concat:evil.mp4", "-i.mp4", "50%.mp4"])
def test_a_name_like_a_protocol_is_a_file(
    tmp_path: Path, zoo: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path, "film.mp4").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    target = Path(f"x:{name}")
    assert enhance(Path(name), target, zoo).frames == 25
    assert len(packets((tmp_path / target), "audio")) == len(packets(tmp_path / name, "audio"))


def test_a_cover_is_no_picture_of_the_film(tmp_path: Path) -> None:
    assert not has_picture(music(tmp_path, cover_first=True))
    assert has_picture(pattern(tmp_path / "p.mp4", "-c:v", "libx264", seconds=0.2))
    assert not has_picture(tmp_path / "nowhere.mp4")
