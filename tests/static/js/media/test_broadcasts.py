"""Recorded files as parts of broadcasts (``media/broadcasts.js``)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.static import samples
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PARTS = """
  return m.parts(given).map((part) => [
    part.main.stream, part.main.rendition, part.source?.file ?? '',
    Math.round(part.offset_s * 1000),
  ]);
"""


async def parts(run: Run, *recordings: samples.Json) -> list[list[Any]]:
    found: list[list[Any]] = await run("media/broadcasts", PARTS, list(recordings))
    return found


async def test_the_enhanced_file_is_played_with_the_one_as_sent(run: Run) -> None:
    sent, better = samples.recording(), samples.recording(rendition="enhanced", second=3)
    assert await parts(run, better, sent) == [["garden", "enhanced", sent["file"], 3000]]


async def test_a_file_alone_is_a_part_of_its_own(run: Run) -> None:
    assert await parts(run, samples.recording()) == [["garden", "source", "", 0]]
    only = samples.recording(rendition="enhanced")
    assert await parts(run, only) == [["garden", "enhanced", "", 0]]


async def test_files_of_other_streams_broadcasts_and_hours_stay_apart(run: Run) -> None:
    better = samples.recording(rendition="enhanced")
    others = [
        samples.recording("alley"),
        samples.recording(broadcast="7"),
        samples.recording(second=50),
    ]
    for other in others:
        found = await parts(run, better, other)
        assert sorted(part[1] for part in found) == ["enhanced", "source"]
        assert {part[2] for part in found} == {""}


async def test_files_whose_broadcast_is_not_known_stay_apart(run: Run) -> None:
    found = await parts(
        run,
        samples.recording(rendition="enhanced", broadcast=""),
        samples.recording(broadcast=""),
    )
    assert len(found) == 2


async def test_the_parts_of_a_long_broadcast_are_paired_one_by_one(run: Run) -> None:
    recordings = [
        samples.recording(rendition=rendition, second=second)
        for second in (40, 20, 0)
        for rendition in ("enhanced", "source")
    ]
    found = await parts(run, *recordings)
    assert [part[1] for part in found] == ["enhanced"] * 3
    assert [part[2][13:15] for part in found] == ["40", "20", "00"]


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0:00"), (65.2, "1:05"), (3600, "1:00:00"), (36_061, "10:01:01")]
)
async def test_a_length_is_read_like_a_clock(run: Run, seconds: float, words: str) -> None:
    assert await run("media/broadcasts", "return m.clock(given);", seconds) == words


async def test_a_size_is_told_in_megabytes(run: Run) -> None:
    body = "return [m.megabytes(12_300_000), m.megabytes(2_540_000_000)];"
    assert await run("media/broadcasts", body) == ["12.3 MB", "2.54 GB"]


async def test_a_beginning_is_as_exact_as_the_name(run: Run) -> None:
    body = "return m.begin(given) - Date.UTC(2026, 10, 29, 1, 42) / 1000;"
    assert await run("media/broadcasts", body, samples.recording(second=7)) == 7.5
    assert await run("media/broadcasts", body, samples.recording(file="x", second=7)) == 7
