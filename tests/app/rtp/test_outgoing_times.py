from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.rtp.outgoing_times import OutgoingTimes

FRAME = 3000
MS = 90


def at(times: OutgoingTimes, pts: int, *, key: bool = False, live: bool = True) -> int:
    return times.at(pts, clock_rate=90_000, is_key=key, is_live=live)


def test_times_pass_as_they_are() -> None:
    times = OutgoingTimes()
    assert [at(times, FRAME * n, key=n == 0) for n in range(5)] == [FRAME * n for n in range(5)]


def test_pictures_in_the_order_of_decoding_keep_their_times() -> None:
    times = OutgoingTimes()
    order = [0, 3, 1, 2, 6, 4, 5]
    assert [at(times, FRAME * n, key=n == 0) for n in order] == [FRAME * n for n in order]


def test_another_rendition_that_is_behind_goes_on_in_milliseconds_until_it_caught_up() -> None:
    times = OutgoingTimes()
    at(times, 10 * FRAME, key=True)
    sent = [at(times, (8 + n) * FRAME, key=n == 0) for n in range(5)]
    begun = 10 * FRAME
    assert sent == [begun + MS, begun + 2 * MS, begun + 3 * MS, 11 * FRAME, 12 * FRAME]


def test_after_a_replay_nothing_goes_back() -> None:
    times = OutgoingTimes()
    for n in range(3):
        at(times, FRAME + n * MS, key=n == 0, live=False)
    assert at(times, FRAME) == FRAME + 3 * MS
    assert at(times, 2 * FRAME) == 2 * FRAME


def test_a_second_behind_is_no_order_of_decoding() -> None:
    times = OutgoingTimes()
    at(times, 100 * FRAME, key=True)
    assert at(times, 70 * FRAME) == 100 * FRAME + MS


@given(st.lists(st.tuples(st.integers(0, 200), st.booleans(), st.booleans()), max_size=60))
def test_no_time_is_sent_twice_in_a_row_nor_goes_back_by_a_second(
    units: list[tuple[int, bool, bool]],
) -> None:
    times, before, newest = OutgoingTimes(), None, 0
    for step, key, live in units:
        sent = at(times, step * 1000, key=key, live=live)
        assert sent != before and sent > newest - 90_000
        before, newest = sent, max(newest, sent)
