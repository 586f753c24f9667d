"""Sound of sources: copied, or made Opus."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from cli.publisher.send_encoder import SendUnit
from cli.publisher.sound_path import SoundPath
from cli.publisher.timeline import Timeline
from tests.cli.publisher.sources import make_source, packets


def taken(path: SoundPath, found: list[Any]) -> list[SendUnit]:
    return [unit for each in found for unit in path.take(each, now_us=0)]


def loudness(units: list[SendUnit]) -> tuple[float, float]:
    """Seconds of sound, and how loud it is."""
    decoder = av.CodecContext.create("libopus", "r")
    frames: list[Any] = [f for unit in units for f in decoder.decode(av.Packet(unit.data))]
    samples = np.concatenate([frame.to_ndarray().ravel() for frame in frames])
    return sum(frame.samples for frame in frames) / 48_000, float(np.abs(samples).mean())


@pytest.mark.parametrize(
    ("sound", "suffix"),
    [("aac", ".mp4"), ("pcm_alaw", ".mov"), ("pcm_mulaw", ".mov"), ("mp2", ".ts")],
)
def test_what_cameras_and_encoders_send_becomes_opus(
    tmp_path: Path, sound: str, suffix: str
) -> None:
    found = packets(make_source(tmp_path / f"a{suffix}", sound=sound), "audio")
    path = SoundPath(sound, Timeline())
    assert not path.is_copied
    units = taken(path, found)
    seconds, loud = loudness(units)
    assert seconds == pytest.approx(2.0, abs=0.1)
    assert loud > 0.01
    times = [unit.at_us for unit in units]
    assert all(later - earlier == 20_000 for earlier, later in itertools.pairwise(times))


def test_opus_is_copied_bit_by_bit(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.mkv", sound="libopus"), "audio")
    path = SoundPath("opus", Timeline())
    assert path.is_copied
    units = taken(path, found)
    assert [unit.data for unit in units] == [bytes(each) for each in found if each.size]


def test_after_a_gap_the_time_goes_on_where_the_source_does(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.mp4", sound="aac"), "audio")
    path = SoundPath("aac", Timeline())
    taken(path, found[:20])
    later = taken(path, found[60:])
    first = float(found[60].pts * found[60].time_base - found[0].pts * found[0].time_base)
    assert later[0].at_us / 1e6 == pytest.approx(first, abs=0.05)


def test_damaged_sound_is_counted_and_left_out(tmp_path: Path) -> None:
    found = packets(make_source(tmp_path / "a.mp4", sound="aac"), "audio")
    torn: Any = av.Packet(b"\xff" * 40)
    torn.stream, torn.pts, torn.time_base = found[5].stream, found[5].pts, found[5].time_base
    path = SoundPath("aac", Timeline())
    units = taken(path, [*found[:5], torn, *found[6:]])
    assert path.damaged <= 1
    assert loudness(units)[0] > 1.5


def test_an_empty_packet_is_the_end_of_a_round() -> None:
    empty: Any = av.Packet()
    assert taken(SoundPath("aac", Timeline()), [empty]) == []
