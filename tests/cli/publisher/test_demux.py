"""Packets and frames up to the end, whatever appears on the way."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from cli.publisher.demux import frames_of, packets_of
from tests.cli.publisher.sources import make_late_sound, make_source


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film whose sound is in its middle only, where FFmpeg does not look for it."""
    return make_late_sound(tmp_path_factory.mktemp("late") / "late.ts", rounds_behind=4)


def test_packets_come_up_to_an_empty_one_of_each_stream(tmp_path: Path) -> None:
    film = make_source(tmp_path / "film.mp4", sound="aac")
    with av.open(str(film)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        found = list(packets_of(container, video, audio))
    assert [packet.stream for packet in found if not packet.size] == [video, audio]
    assert sum(packet.stream is video for packet in found) == 51


def test_a_stream_that_appears_later_ends_nothing(late: Path) -> None:
    with av.open(str(late)) as container:
        assert len(container.streams) == 1
        found = list(packets_of(container, container.streams.video[0]))
    assert len(found) == 1051 and not found[-1].size


def test_its_frames_do_not_come(late: Path) -> None:
    with av.open(str(late)) as container:
        frames = list(frames_of(container, container.streams.video[0]))
    assert len(frames) == 1050
    assert {type(frame) for frame in frames} == {av.VideoFrame}
