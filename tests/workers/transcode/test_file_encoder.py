"""The choice of an encoder, by a table of what a machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.transcode.films import enhance, frames, pattern
from workers.errors import FileFailed
from workers.transcode import file_encoder
from workers.transcode.file_encoder import (
    AUTOMATIC,
    ENCODERS,
    NAMES,
    SOFTWARE,
    FileEncoder,
    choose_file_encoder,
    obstacle_of,
)
from workers.transcode.output import FORMATS, with_encoder

HARDWARE = [encoder.name for encoder in ENCODERS if encoder.name != SOFTWARE]


def chosen(wanted: str, *works: str) -> tuple[str, list[str]]:
    """The choice on a machine where these work, and what was tried."""
    tried: list[str] = []

    def probe(encoder: FileEncoder) -> str:
        tried.append(encoder.name)
        return "" if encoder.name in works else "no such device"

    return choose_file_encoder(wanted, probe=probe).name, tried


def test_each_name_is_there_once_and_software_is_last() -> None:
    assert len(set(NAMES)) == len(NAMES) == len(ENCODERS) + 1
    assert NAMES[0] == AUTOMATIC and NAMES[-1] == SOFTWARE


@pytest.mark.parametrize(
    ("works", "choice"),
    [
        ((), SOFTWARE),
        (("nvenc",), "nvenc"),
        (("qsv", "nvenc"), "nvenc"),
        (("qsv", "amf"), "qsv"),
        (("amf",), "amf"),
        (("videotoolbox",), "videotoolbox"),
        (("v4l2m2m",), "v4l2m2m"),
    ],
)
def test_the_first_that_really_works_is_chosen(works: tuple[str, ...], choice: str) -> None:
    assert chosen(AUTOMATIC, *works)[0] == choice


def test_nothing_is_tried_beyond_the_first_that_works() -> None:
    assert chosen(AUTOMATIC, "nvenc")[1] == ["nvenc"]
    assert chosen(AUTOMATIC)[1] == HARDWARE


@pytest.mark.parametrize("name", HARDWARE)
def test_what_is_asked_for_is_used_or_refused_with_the_reason(name: str) -> None:
    assert chosen(name, name) == (name, [name])
    with pytest.raises(FileFailed, match=f"{name} cannot be used here: no such device"):
        chosen(name)


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(FileFailed, match="'abacus' is no encoder; there are auto, nvenc"):
        chosen("abacus")


def test_the_probe_really_encodes() -> None:
    assert obstacle_of(ENCODERS[-1]) == ""
    for encoder in ENCODERS[:-1]:
        # Whatever this machine has, an answer comes, and a reason has words.
        reason = obstacle_of(encoder)
        assert reason == reason.strip() and not reason.endswith(".")
    wrong = FileEncoder("none", "h264_of_nobody", "yuv420p", ())
    assert obstacle_of(wrong)
    assert obstacle_of(FileEncoder("odd", "libx264", "rgb24", ()))


def test_an_encoder_of_another_sample_format_writes_the_same_pictures(
    tmp_path: Path, zoo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nv12 = FileEncoder("nv12", ENCODERS[-1].codec, "nv12", ENCODERS[-1].options)
    made = with_encoder(FORMATS[".mp4"], nv12)
    assert (made.codec, made.pixel_format) == (nv12.codec, "nv12")
    source = pattern(tmp_path / "in.mkv", "-c:v", "ffv1")
    enhance(source, tmp_path / "plain.mp4", zoo)
    monkeypatch.setattr(file_encoder, "ENCODERS", (*ENCODERS[:-1], nv12))
    enhance(source, tmp_path / "out.mp4", zoo, encoder="nv12")
    one, other = frames(tmp_path / "out.mp4"), frames(tmp_path / "plain.mp4")
    assert len(one) == len(other) == 25
    luma = [each[3].to_ndarray(format="gray").astype(int) for each in (one, other)]
    assert abs(luma[0] - luma[1]).mean() < 1
