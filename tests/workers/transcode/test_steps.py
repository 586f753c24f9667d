"""The three steps of a file, one at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.workers.transcode.films import film, pattern
from workers.errors import NetUnusable
from workers.media.picture import Picture
from workers.transcode.source import Source, open_source
from workers.transcode.steps import FileDecode, FileEnhance, Item
from workers.upscale.model_cache import ModelCache


def items(source: Source, copied: set[int]) -> tuple[FileDecode, list[Item]]:
    step = FileDecode(source, copied)
    try:
        return step, [*step.step(source.container), *step.flush()]
    finally:
        source.container.close()


def test_pictures_come_in_order_and_copied_packets_between_them(tmp_path: Path) -> None:
    source = open_source(film(tmp_path))
    sound = source.container.streams.audio[0].index
    step, found = items(source, {sound})
    pictures = [item for item in found if item.picture is not None]
    packets = [item for item in found if item.packet is not None]
    assert len(pictures) == 25
    assert [item.pts for item in pictures] == sorted({item.pts for item in pictures})
    assert {item.copy_of for item in packets} == {sound}
    assert (step.damaged, step.concealed, step.interlaced, step.ended_early) == (0, 0, 0, "")


def test_streams_that_are_not_copied_give_nothing(tmp_path: Path) -> None:
    _, found = items(open_source(film(tmp_path)), set())
    assert all(item.packet is None for item in found)


def test_damage_is_counted_and_costs_no_time_of_the_rest(tmp_path: Path) -> None:
    path = pattern(tmp_path / "in.mkv", "-c:v", "libx264", "-g", 5, size="160x96", seconds=2)
    data = bytearray(path.read_bytes())
    third = len(data) // 3
    data[third : third + 400] = bytes(400)
    path.write_bytes(data)
    step, found = items(open_source(path), set())
    times = [item.pts for item in found]
    assert times == sorted(set(times)) and 20 < len(times) <= 50
    assert step.damaged + step.concealed > 0


class Untimed:
    """A video stream of 25 pictures a second in milliseconds."""

    def __init__(self, source: Source) -> None:
        self.time_base, self.average_rate = source.video.time_base, source.video.average_rate


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0, 40, 80], [0, 40, 80]),
        ([None, None, None], [0, 40, 80]),
        ([0, 0, 0], [0, 1, 2]),
        ([100, 40, 200], [100, 101, 200]),
        ([None, 10, None], [0, 10, 50]),
        ([-40, 0, 40], [-40, 0, 40]),
    ],
)
def test_times_grow_whatever_the_file_says(
    tmp_path: Path, given: list[int | None], expected: list[int]
) -> None:
    source = open_source(pattern(tmp_path / "in.mkv", "-c:v", "libx264", seconds=0.2))
    try:
        step = FileDecode(source, set())
        assert [step._pts(pts) for pts in given] == expected
    finally:
        source.container.close()


def filled(width: int, height: int, level: int) -> Picture:
    picture = Picture.blank(width, height)
    picture.y[:] = level
    return picture


def enhanced(step: FileEnhance, picture: Picture) -> Any:
    (item,) = step.step(Item(picture=picture, pts=7))
    assert item.pts == 7 and item.picture is not None
    return item.picture


def test_each_picture_is_as_large_as_the_first_one_became(nets: ModelCache) -> None:
    step = FileEnhance(nets, "tiny", 0.0, filled(32, 24, 50))
    assert step.canvas == (64, 48)
    assert step.engine == nets.engine.info.name
    made = enhanced(step, filled(32, 24, 50))
    assert (made.y == 50).all() and step.size_changes == 0
    other = enhanced(step, filled(16, 24, 200))
    assert (other.width, other.height) == step.canvas
    assert step.size_changes == 1
    assert (np.asarray(other.y)[:, :8] == 16).all() and (np.asarray(other.y)[:, 24:40] > 150).all()
    back = enhanced(step, filled(32, 24, 60))
    assert (back.y == 60).all() and step.size_changes == 2


def test_packets_pass_by(nets: ModelCache) -> None:
    step = FileEnhance(nets, "tiny", 0.0, filled(32, 24, 50))
    packet = Item(packet=object(), copy_of=3)
    assert list(step.step(packet)) == [packet]
    assert list(step.flush()) == []


def test_a_net_that_cannot_be_used_is_said_at_the_beginning(nets: ModelCache) -> None:
    with pytest.raises(NetUnusable):
        FileEnhance(nets, "nothing", 0.0, filled(32, 24, 50))
