"""The order of what is published."""

from __future__ import annotations

import io

from benchmarks.edge.clip import CodedFrame
from benchmarks.edge.feed_log import FeedLog
from benchmarks.edge.feeder import Log, Playlist

FRAMES = [CodedFrame(bytes([n]), n in (0, 3)) for n in range(6)]


def numbers(playlist: Playlist, count: int) -> list[int]:
    return [playlist.next().data[0] for _ in range(count)]


def test_the_clip_comes_over_and_over() -> None:
    assert numbers(Playlist(FRAMES), 8) == [0, 1, 2, 3, 4, 5, 0, 1]


def test_who_asks_gets_the_next_key_frame() -> None:
    playlist = Playlist(FRAMES)
    assert numbers(playlist, 2) == [0, 1]
    playlist.want_key()
    playlist.want_key()
    assert numbers(playlist, 3) == [3, 4, 5]
    playlist.want_key()
    assert numbers(playlist, 2) == [0, 1]


def test_events_are_written_at_once() -> None:
    file = io.StringIO()
    log = Log(file)
    log.frame(3000)
    log.request()
    words = [line.split() for line in file.getvalue().splitlines()]
    assert [line[0] for line in words] == ["F", "K"]
    assert words[0][1] == "3000"
    assert int(words[0][2]) <= int(words[1][1])
    assert FeedLog({}, []).asked == []
