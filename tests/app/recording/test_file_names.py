"""Names of recordings: readable, sorted by time, and safe."""

from __future__ import annotations

import pytest

from app.recording.file_names import (
    FileName,
    download_name,
    facts_name,
    is_recordable,
    parse_name,
)

AT = 1_795_916_552_508_000


def test_a_name_tells_time_and_rendition() -> None:
    name = str(FileName(AT, "source", ".mp4"))
    assert name == "20261129T014232.508Z-source.mp4"
    assert parse_name(name) == FileName(AT, "source", ".mp4")
    assert facts_name(name) == "20261129T014232.508Z-source.json"
    assert download_name("cam1", name) == "cam1-20261129T014232.508Z-source.mp4"


@pytest.mark.parametrize("rendition", ["source", "enhanced", "x4", "very-large"])
@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
@pytest.mark.parametrize("at", [0, 1000, 999_000, 1_750_000_000_001_000, AT])
def test_a_name_is_read_as_it_was_written(at: int, rendition: str, suffix: str) -> None:
    name = FileName(at, rendition, suffix)
    assert parse_name(str(name)) == name
    assert name.media_type == f"video/{suffix[1:]}"


def test_names_sort_by_time() -> None:
    names = [str(FileName(AT + step * 1000, "source", ".mp4")) for step in range(0, 90_000, 700)]
    assert names == sorted(names)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../20261129T014232.508Z-source.mp4",
        "20261129T014232.508Z-source.mp4/..",
        "20261129T014232.508Z-source.mp4\n",
        "20261129T014232.508Z-source.json",
        "20261129T014232.508Z-source.mp4.part",
        "20261129T014232.508Z-.mp4",
        "20261129T014232.508Z-source-a.mp4",
        "20261129T014232.508Z-SOURCE.mp4",
        "20261129T014232Z-source.mp4",
        "20261329T014232.508Z-source.mp4",
        "20261129T014262.508Z-source.mp4",
        "٢٠٢٦1129T014232.508Z-source.mp4",
        "holiday.mp4",
        ".20261129T014232.508Z-source.mp4",
    ],
)
def test_what_is_no_name_of_a_recording_is_none(text: str) -> None:
    assert parse_name(text) is None


def test_only_renditions_are_recorded_no_layers() -> None:
    assert is_recordable("source") and is_recordable("enhanced") and is_recordable("x3")
    assert not is_recordable("source-h")
    assert not is_recordable("enhanced-vp8")
