"""The output's format, and what of the input holds for it."""

from __future__ import annotations

import errno
from pathlib import Path

import av.error
import pytest

from workers.errors import FileFailed
from workers.transcode.output import FORMATS, format_for, is_refusal, kept_tags


@pytest.mark.parametrize("name", ["a.mkv", "A.MKV", "b.c.mp4", "raw.y4m"])
def test_the_suffix_decides_in_any_case(name: str) -> None:
    assert format_for(Path(name)) is FORMATS[Path(name).suffix.lower()]


@pytest.mark.parametrize("name", ["a.avi", "a", ".mkv", "mkv", "a.mkv.bak"])
def test_an_unknown_suffix_is_told_the_known_ones(name: str) -> None:
    with pytest.raises(FileFailed) as caught:
        format_for(Path(name))
    assert str(caught.value).startswith(f"{name} ends in none of ")
    for suffix in FORMATS:
        assert suffix in str(caught.value)


def test_every_format_can_be_written_here() -> None:
    for found in FORMATS.values():
        assert found.container in av.formats_available
        assert found.codec in av.codecs_available
        # A container without sound has no room for fonts either.
        assert found.has_audio or not found.has_attachments


def test_tags_about_the_old_file_are_left_and_others_kept() -> None:
    tags = {
        "title": "My film",
        "ENCODER": "Lavf",
        "major_brand": "isom",
        "DURATION-eng": "00:01",
        "BPS-eng": "1",
        "NUMBER_OF_FRAMES-eng": "5",
        "_STATISTICS_TAGS": "x",
        "rotate": "90",
        "artist": "Somebody",
        "comment": "",
    }
    assert kept_tags(tags) == {"title": "My film", "artist": "Somebody", "comment": ""}


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (av.error.InvalidDataError(1, "bad"), True),
        (OSError(errno.EINVAL, "times"), True),
        (OSError(errno.ERANGE, "times"), True),
        (OSError(errno.ENOSPC, "full"), False),
        (OSError(errno.EIO, "disk"), False),
        (ValueError("other"), False),
    ],
)
def test_a_packet_that_does_not_suit_is_told_from_a_disk_that_fails(
    error: Exception, is_one: bool
) -> None:
    assert is_refusal(error) is is_one
