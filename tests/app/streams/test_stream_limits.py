"""Limits of a stream's key, in virtual time."""

from __future__ import annotations

import pytest

from app.errors import KeyUsed
from app.streams.stream_limits import NO_LIMITS, OVER_FACTOR, OVER_S, LimitWatch, StreamLimits

LIMITS = StreamLimits("k1", kbps=1000, pixels=640 * 360)
SMALL = (640, 360)


def test_without_limits_everything_goes_on() -> None:
    assert LimitWatch().fault(NO_LIMITS, size=(8192, 4320), kbps=1e9, now=0.0) == ""


@pytest.mark.parametrize("size", [(640, 361), (1280, 720)])
def test_a_picture_that_is_too_large_ends_the_stream_at_once(size: tuple[int, int]) -> None:
    fault = LimitWatch().fault(LIMITS, size=size, kbps=0.0, now=0.0)
    assert fault == (
        "what it is published with allows pictures of 230400 pixels, "
        f"and these have {size[0]}x{size[1]}"
    )


def test_a_picture_of_the_limit_in_any_form_is_taken() -> None:
    watch = LimitWatch()
    assert watch.fault(LIMITS, size=SMALL, kbps=0.0, now=0.0) == ""
    assert watch.fault(LIMITS, size=(360, 640), kbps=0.0, now=0.0) == ""
    assert watch.fault(LIMITS, size=(0, 0), kbps=0.0, now=0.0) == ""


def test_a_rate_far_above_the_limit_ends_it_after_a_while() -> None:
    watch, rate = LimitWatch(), 1000 * OVER_FACTOR + 1
    assert watch.fault(LIMITS, size=SMALL, kbps=rate, now=10.0) == ""
    assert watch.fault(LIMITS, size=SMALL, kbps=rate, now=9.9 + OVER_S) == ""
    fault = watch.fault(LIMITS, size=SMALL, kbps=rate, now=10.0 + OVER_S)
    assert fault == "what it is published with allows 1000 kbit/s, and the stream has 1251"


def test_a_rate_that_comes_down_in_time_begins_anew() -> None:
    watch = LimitWatch()
    watch.fault(LIMITS, size=SMALL, kbps=2000, now=0.0)
    assert watch.fault(LIMITS, size=SMALL, kbps=1100, now=4.0) == ""
    assert watch.fault(LIMITS, size=SMALL, kbps=2000, now=6.0) == ""
    assert watch.fault(LIMITS, size=SMALL, kbps=2000, now=10.0) == ""
    assert watch.fault(LIMITS, size=SMALL, kbps=2000, now=11.0)


def test_a_holder_has_so_many_streams() -> None:
    NO_LIMITS.check_streams({"a", "b", "c"})
    StreamLimits("k1", streams=2).check_streams({"a"})
    with pytest.raises(KeyUsed, match="allows 2 streams"):
        StreamLimits("k1", streams=2).check_streams({"a", "b"})
