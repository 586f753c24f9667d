"""What a plain player reads of a playlist."""

from __future__ import annotations

from benchmarks.hls_players import newest_part

TEXT = """#EXTM3U
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.500Z
#EXT-X-PART:DURATION=0.25000,URI="7.0.m4s?token=a",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.20000,URI="7.1.m4s?token=a"
#EXTINF:0.45000,
7.m4s?token=a
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.950Z
#EXT-X-PART:DURATION=0.10000,URI="8.0.m4s?token=a",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="8.1.m4s?token=a"
"""


def test_the_newest_part_is_told_with_the_time_of_its_end() -> None:
    found = newest_part(TEXT)
    assert found is not None
    assert (found.number, found.place, found.uri) == (8, 0, "8.0.m4s?token=a")
    assert round(found.end_s, 3) == 1_767_225_601.05


def test_a_playlist_without_parts_has_no_newest() -> None:
    assert newest_part("#EXTM3U\n") is None
