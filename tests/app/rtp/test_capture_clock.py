from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rtp.capture_clock import CaptureClock, ntp_to_us, us_to_ntp

SERVER_US = 1_800_000_000_000_000
PUBLISHER_US = 1_700_000_000_000_000
"""The publisher's clock is years behind: only differences may matter."""


def clock(*names: str) -> CaptureClock:
    made = CaptureClock()
    for name in names:
        made.add_track(name, 90_000 if name == "video" else 48_000)
    return made


@given(st.integers(0, 4_000_000_000_000_000))
def test_ntp_time_comes_back_to_the_microsecond(us: int) -> None:
    # Era 0 of NTP ends in 2036; the seconds are kept as a plain number beyond it.
    assert abs(ntp_to_us(us_to_ntp(us)) - us) <= 1


def test_ntp_epoch_is_1900() -> None:
    assert us_to_ntp(0) == 2_208_988_800 << 32
    assert ntp_to_us((2_208_988_801 << 32) | 1 << 31) == 1_500_000


def test_without_reports_the_arrival_is_smoothed_along_the_rtp_time() -> None:
    made = clock("video")
    assert made.capture_us("video", pts=0, arrival_us=SERVER_US) == SERVER_US
    late = made.capture_us("video", pts=9000, arrival_us=SERVER_US + 140_000)
    assert late == SERVER_US + 100_000
    # A packet that travelled faster than any before shows that the others were late.
    early = made.capture_us("video", pts=18_000, arrival_us=SERVER_US + 190_000)
    assert early == SERVER_US + 190_000
    following = made.capture_us("video", pts=27_000, arrival_us=SERVER_US + 400_000)
    assert following == SERVER_US + 290_000


def test_reports_put_audio_and_video_on_one_clock() -> None:
    made = clock("video", "audio")
    made.on_report("video", ntp=us_to_ntp(PUBLISHER_US), rtp=1000)
    made.on_report("audio", ntp=us_to_ntp(PUBLISHER_US + 500_000), rtp=7000)
    # Captured at the same instant, 1 s after the first report; the video took 200 ms longer.
    audio = made.capture_us("audio", pts=7000 + 24_000, arrival_us=SERVER_US)
    video = made.capture_us("video", pts=1000 + 90_000, arrival_us=SERVER_US + 200_000)
    assert abs(audio - video) <= 2
    assert abs(audio - SERVER_US) <= 2


def test_one_track_without_reports_keeps_all_on_their_arrivals() -> None:
    made = clock("video", "audio")
    made.on_report("video", ntp=us_to_ntp(PUBLISHER_US), rtp=0)
    assert made.capture_us("video", pts=0, arrival_us=SERVER_US) == SERVER_US
    made.on_report("audio", ntp=us_to_ntp(PUBLISHER_US), rtp=0)
    made.capture_us("audio", pts=0, arrival_us=SERVER_US)
    later = made.capture_us("video", pts=9000, arrival_us=SERVER_US + 150_000)
    assert abs(later - SERVER_US - 100_000) <= 2


def test_a_report_without_wall_clock_is_no_report() -> None:
    made = clock("video")
    made.on_report("video", ntp=0, rtp=90_000)
    assert made.capture_us("video", pts=0, arrival_us=SERVER_US) == SERVER_US


@pytest.mark.parametrize("first_pts", [5, 2**31 + 5, 2**32 - 5])
def test_a_report_before_the_first_unit_is_understood(first_pts: int) -> None:
    made = clock("video", "audio")
    made.on_report("video", ntp=us_to_ntp(PUBLISHER_US), rtp=(first_pts + 90) % 2**32)
    made.on_report("audio", ntp=us_to_ntp(PUBLISHER_US), rtp=48)
    audio = made.capture_us("audio", pts=48, arrival_us=SERVER_US)
    video = made.capture_us("video", pts=first_pts + 90, arrival_us=SERVER_US + 50_000)
    assert abs(audio - video) <= 2
    assert abs(audio - SERVER_US) <= 2


def test_a_report_behind_the_wrap_belongs_to_the_unwrapped_line() -> None:
    made = clock("video")
    made.on_report("video", ntp=us_to_ntp(PUBLISHER_US), rtp=2**32 - 90_000)
    first = made.capture_us("video", pts=2**32 - 90_000, arrival_us=SERVER_US)
    made.on_report("video", ntp=us_to_ntp(PUBLISHER_US + 2_000_000), rtp=90_000)
    second = made.capture_us("video", pts=2**32 + 90_000, arrival_us=SERVER_US + 2_000_000)
    assert abs(second - first - 2_000_000) <= 2


def test_a_report_between_units_does_not_move_what_is_between() -> None:
    made = clock("video")
    made.on_report("video", ntp=us_to_ntp(PUBLISHER_US), rtp=0)
    before = made.capture_us("video", pts=3000, arrival_us=SERVER_US)
    made.on_report("video", ntp=us_to_ntp(PUBLISHER_US + 1_000_000), rtp=90_000)
    after = made.capture_us("video", pts=3000, arrival_us=SERVER_US + 5000)
    assert abs(after - before) <= 2


@given(
    st.lists(
        st.tuples(st.sampled_from(["audio", "video"]), st.integers(0, 400_000), st.booleans()),
        min_size=1,
        max_size=60,
    )
)
def test_capture_is_never_after_arrival(events: list[tuple[str, int, bool]]) -> None:
    made = clock("video", "audio")
    rates = {"video": 90_000, "audio": 48_000}
    at = 0
    for name, delay_us, is_report in events:
        at += 20_000
        ticks = at * rates[name] // 1_000_000
        if is_report:
            made.on_report(name, ntp=us_to_ntp(PUBLISHER_US + at), rtp=ticks % 2**32)
            continue
        arrival = SERVER_US + at + delay_us
        assert made.capture_us(name, pts=ticks, arrival_us=arrival) <= arrival


def test_a_publisher_whose_clock_runs_slow_does_not_drift_into_the_past() -> None:
    made = clock("video")
    made.add_track("video", 90_000)
    made.on_report("video", ntp=us_to_ntp(PUBLISHER_US), rtp=0)
    late_us = 0
    for second in range(3600):
        arrival = SERVER_US + second * 1_000_050  # 50 ppm
        captured = made.capture_us("video", pts=second * 90_000, arrival_us=arrival)
        late_us = arrival - captured
    assert 0 <= late_us < 200
