"""Playlists, line by line as RFC 8216bis has them."""

from __future__ import annotations

import datetime
import re

import pytest

from app.hls.playlist import (
    PART_HOLD_BACK_S,
    PART_TARGET_S,
    SKIP_UNTIL_S,
    TARGET_S,
    OfferedRendition,
    media_playlist,
    multivariant_playlist,
    with_query,
)
from app.hls.segmenter import SegmentEnd, Segmenter
from app.hls.window import Window
from tests.app.hls.test_window import part
from tests.app.hls.units import BEGIN_US, SLOT, film, take


def lines(window: Window, *, skips: bool = False, query: str = "") -> list[str]:
    return with_query(media_playlist(window, skips=skips), query).splitlines()


def made(count: int, *, length_s: float = 2.0, breaks: tuple[int, ...] = ()) -> Window:
    """Whole segments of ten parts each, and one part of another."""
    window = Window()
    for number in range(count):
        for place in range(10):
            first = place == 0
            ticks = round(length_s * 9_000)
            window.take(part(number, first=first, breaks=first and number in breaks, ticks=ticks))
        window.take(SegmentEnd(number))
    window.take(part(count, first=True))
    return window


def test_the_head_tells_what_a_player_may_ask_for() -> None:
    found = lines(made(2))
    assert found[:2] == ["#EXTM3U", "#EXT-X-VERSION:9"]
    assert f"#EXT-X-TARGETDURATION:{TARGET_S}" in found
    control = next(line for line in found if line.startswith("#EXT-X-SERVER-CONTROL"))
    assert "CAN-BLOCK-RELOAD=YES" in control and "CAN-SKIP-UNTIL=24.0" in control
    assert PART_HOLD_BACK_S >= 3 * PART_TARGET_S and SKIP_UNTIL_S >= 6 * TARGET_S
    assert "#EXT-X-MEDIA-SEQUENCE:0" in found and "#EXT-X-DISCONTINUITY-SEQUENCE:0" in found


def test_no_segment_is_longer_than_the_target() -> None:
    window = Window()
    for event in take(Segmenter(), film(0, 30_000, keys=range(0, 30_000, 3900))):
        window.take(event)
    found = [float(text) for text in re.findall(r"#EXTINF:([\d.]+)", "\n".join(lines(window)))]
    assert len(found) >= 10 and max(round(each) for each in found) <= TARGET_S


def test_segments_stand_behind_their_parts_with_time_and_length() -> None:
    window = Window()
    for event in take(Segmenter(), film(0, 2600, keys=[0, 2000])):
        window.take(event)
    found = lines(window)
    at = found.index(f"#EXT-X-PROGRAM-DATE-TIME:{_date(BEGIN_US)}")
    assert found[at + 1] == (f'#EXT-X-PART:DURATION=0.24000,URI="{SLOT}.0.m4s",INDEPENDENT=YES')
    assert found[at + 10 : at + 12] == ["#EXTINF:2.00000,", f"{SLOT}.m4s"]
    assert found[-1].startswith("#EXT-X-PRELOAD-HINT:TYPE=PART")


def _date(us: int) -> str:
    at = datetime.datetime.fromtimestamp(us / 1e6, tz=datetime.UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_the_hint_names_the_part_to_come() -> None:
    window = made(1)
    assert lines(window)[-1] == '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1.1.m4s"'
    window.take(SegmentEnd(1))
    assert lines(window)[-1] == '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="2.0.m4s"'


def test_parts_are_listed_of_the_last_seconds_alone() -> None:
    found = lines(made(15))
    numbers = {int(line.split('"')[1].split(".")[0]) for line in found if "EXT-X-PART:" in line}
    assert numbers == set(range(9, 16))


def test_a_player_may_leave_out_what_it_has() -> None:
    whole, delta = lines(made(18)), lines(made(18), skips=True)
    assert "#EXT-X-SKIP:SKIPPED-SEGMENTS=6" in delta
    assert "0.m4s" in whole and "5.m4s" not in delta and "6.m4s" in delta
    # The first segment that is left needs to know its initialization segment.
    at = delta.index("#EXT-X-SKIP:SKIPPED-SEGMENTS=6")
    assert delta[at + 1].startswith("#EXT-X-MAP:")


def test_nothing_is_skipped_of_a_short_playlist() -> None:
    assert lines(made(5)) == lines(made(5), skips=True)


def test_a_discontinuity_stands_before_its_segment() -> None:
    found = lines(made(3, breaks=(1,)))
    at = found.index("#EXT-X-DISCONTINUITY")
    assert found[at - 1] == "0.m4s" and found.count("#EXT-X-DISCONTINUITY") == 1


def test_a_gap_is_marked() -> None:
    window = made(1)
    window.take(SegmentEnd(1))
    window.take(part(4, first=True))
    found = lines(window)
    assert found[found.index("#EXT-X-GAP") + 1 :][:2] == ["#EXTINF:2.00000,", "2.m4s"]
    assert found.count("#EXT-X-GAP") == 2


def test_the_end_is_told() -> None:
    window = made(2)
    window.end()
    assert lines(window)[-1] == "#EXT-X-ENDLIST"


def test_addresses_carry_the_viewers_query() -> None:
    found = lines(made(1), query="token=abc")
    assert '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1.1.m4s?token=abc"' in found
    assert "0.m4s?token=abc" in found
    assert any(line.endswith('.mp4?token=abc"') for line in found)
    assert "\x00" not in "".join(found + lines(made(1)))


@pytest.mark.parametrize("query", ["", "viewer=x"])
def test_all_renditions_are_listed_with_what_a_player_chooses_by(query: str) -> None:
    choices = [
        OfferedRendition("enhanced", 3_000_000, 2_000_000, "avc1.64001F,opus", 960, 540, 30.0),
        OfferedRendition("source", 0, 0, "avc1.42E01F", 0, 0, 0.0),
    ]
    assert multivariant_playlist(choices, query).splitlines() == [
        "#EXTM3U",
        "#EXT-X-VERSION:9",
        "#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2000000,"
        'CODECS="avc1.64001F,opus",RESOLUTION=960x540,FRAME-RATE=30.000',
        f"enhanced/index.m3u8{'?viewer=x' if query else ''}",
        '#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.42E01F"',
        f"source/index.m3u8{'?viewer=x' if query else ''}",
    ]
