"""Sentences about what a file loses, before the work begins."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from workers.media.picture import Colour, Picture
from workers.transcode.frames import Turn
from workers.transcode.losses import Left, losses
from workers.transcode.output import FORMATS, kept_tags
from workers.transcode.source import Facts, PixelFormat

PLAIN = Facts(
    stored=PixelFormat(8, "4:2:0", False),
    turn=Turn.NONE,
    interlaced=False,
    picture=Picture.blank(16, 16),
)
MKV, MP4, RAW = FORMATS[".mkv"], FORMATS[".mp4"], FORMATS[".y4m"]


def stored(**changes: Any) -> Facts:
    return dataclasses.replace(PLAIN, stored=dataclasses.replace(PLAIN.stored, **changes))


def test_a_plain_file_loses_nothing() -> None:
    assert losses(PLAIN, MKV, []) == losses(PLAIN, MP4, [], chapters=3) == ()


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (stored(bits=10), "The picture has 10 bits a sample; the output has 8."),
        (stored(chroma="4:2:2"), "The picture's chroma is 4:2:2; the output's is 4:2:0."),
        (stored(chroma="RGB"), "The picture is RGB; the output is 4:2:0 by BT.709."),
        (stored(has_alpha=True), "Transparency is left out."),
        (
            dataclasses.replace(PLAIN, interlaced=True),
            "The picture is interlaced; the two fields of each frame become one picture.",
        ),
        (
            dataclasses.replace(PLAIN, turn=None),
            "The picture asks to be turned by an angle that is not a quarter: it is not.",
        ),
    ],
)
def test_each_loss_has_its_sentence(facts: Facts, sentence: str) -> None:
    assert losses(facts, MKV, []) == (sentence,)


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_named(transfer: int, name: str) -> None:
    picture = Picture.blank(16, 16, Colour(transfer=transfer))
    [sentence] = losses(dataclasses.replace(PLAIN, picture=picture), MKV, [])
    assert f"HDR ({name})" in sentence


def test_gray_is_no_loss() -> None:
    assert losses(stored(chroma="gray"), MKV, []) == ()


def test_streams_are_named_by_what_is_known_of_them() -> None:
    left = [
        Left("audio", "aac", 1, "deu", "Commentary"),
        Left("attachment", "", 4, title="font.ttf"),
        Left("data", "", 7),
    ]
    assert losses(PLAIN, MP4, left) == (
        "Audio stream 1 (aac, deu, Commentary) is left out.",
        "Attachment stream 4 (font.ttf) is left out.",
        "Data stream 7 is left out.",
    )


def test_a_raw_file_has_neither_times_nor_chapters() -> None:
    assert losses(PLAIN, RAW, [], chapters=2) == (
        "The output has no time stamps: every frame lasts equally long.",
        "The chapters are left out.",
    )
    assert len(losses(PLAIN, RAW, [])) == 1


def test_tags_about_the_old_file_are_not_kept() -> None:
    tags = {
        "title": "One",
        "language": "deu",
        "creation_time": "2026-01-01T00:00:00Z",
        "encoder": "x",
        "ENCODER": "x",
        "DURATION": "1",
        "major_brand": "isom",
        "rotate": "90",
        "BPS": "5",
        "NUMBER_OF_FRAMES-eng": "5",
        "_STATISTICS_TAGS": "BPS",
        "handler_name": "h",
    }
    assert set(kept_tags(tags)) == {"title", "language", "creation_time", "handler_name"}
