"""The stream that all servers get."""

from __future__ import annotations

from benchmarks.edge import clip
from media.codec import Codec
from media.codec_table import DESCRIPTORS


def test_frame_times_grow_and_no_row_of_them_fits_in_two_places() -> None:
    ticks = [clip.video_ticks(number) for number in range(600)]
    steps = [after - before for before, after in zip(ticks, ticks[1:], strict=False)]
    assert min(steps) > 0
    rows = {tuple(steps[at : at + 4]) for at in range(len(steps) - 3)}
    assert len(rows) == len(steps) - 3
    assert ticks == [clip.video_ticks(number) for number in range(600)]


def test_video_has_the_size_the_groups_and_the_rate() -> None:
    frames = clip.encode_video(800, groups=2)
    assert [n for n, frame in enumerate(frames) if frame.is_key] == [0, clip.GROUP]
    first = DESCRIPTORS[Codec.H264].inspect(frames[0].data)
    assert first.is_key and (first.width, first.height) == clip.SIZE
    kbps = sum(len(frame.data) for frame in frames) * 8 * clip.FPS / len(frames) / 1000
    assert 500 < kbps < 1100


def test_sound_has_packets_of_its_rate() -> None:
    packets = clip.encode_audio(packets=20)
    assert len(packets) >= 20
    assert all(packet.is_key for packet in packets)
    assert 80 < sum(len(packet.data) for packet in packets) / len(packets) < 300
