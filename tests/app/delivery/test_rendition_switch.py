"""The change between renditions, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.rendition_switch import (
    FIRST_STALL_S,
    MAX_PATIENCE_S,
    MAX_STALL_S,
    MAX_STEP_BACK,
    MAX_WAITING,
    MIN_STALL_S,
    Pick,
    RenditionSwitch,
)
from app.delivery.switch_state import SWITCH, Showing, SwitchEvent
from wire.state_machine import IllegalTransition

FRAME_S = 1 / 30
TICKS = 3000
LAG_S = 0.03


class Play:
    """A source at 30 fps and a worker that follows it after ``LAG_S``, while it lives."""

    def __init__(self, fallback: str | None = "source", *, can_show: bool = True) -> None:
        self.switch = RenditionSwitch(preferred="enhanced", fallback=fallback)
        self.can_show = can_show
        self.number = 0
        self.shown: list[tuple[float, int, str]] = []
        "When, which frame, of which rendition."
        self._began = 0

    def source(self, *, can_start: bool = True) -> Pick:
        now, number = self.number * FRAME_S, self.number
        before = self.switch.shown
        pick = self.switch.take_fallback(
            number * TICKS, can_start=can_start, can_show=self.can_show, now=now
        )
        if pick is Pick.SEND:
            self.shown.append((now, number, "source"))
        elif pick is Pick.CATCH_UP:
            self._show_beyond(before, number, now, "source")
        return pick

    def enhanced(self, number: int, *, is_key: bool = False, lag_s: float = LAG_S) -> Pick:
        now = max(self.number, number) * FRAME_S + lag_s
        before = self.switch.shown
        if is_key:
            self._began = number
        pick = self.switch.take_preferred(number * TICKS, is_key=is_key, can_start=True, now=now)
        if pick is Pick.SEND:
            self.shown.append((now, number, "enhanced"))
        elif pick is Pick.RETURN:
            self._show_beyond(before, number, now, "enhanced")
        return pick

    def _show_beyond(self, before: int | None, last: int, now: float, name: str) -> None:
        first = 0 if before is None else before // TICKS + 1
        self.shown += [(now, number, name) for number in range(first, last + 1)]

    def both(self, frames: int) -> None:
        for _ in range(frames):
            self.source()
            self.enhanced(self.number, is_key=self.number == 0)
            self.number += 1

    def only_source(self, frames: int) -> list[Pick]:
        found = []
        for _ in range(frames):
            found.append(self.source())
            self.number += 1
        return found

    @property
    def numbers(self) -> list[int]:
        return [number for _, number, _ in self.shown]

    @property
    def longest_freeze_s(self) -> float:
        times = [at for at, _, _ in self.shown]
        return max(b - a for a, b in zip(times, times[1:], strict=False))


def test_a_worker_in_time_is_never_replaced() -> None:
    play = Play()
    play.both(300)
    assert play.switch.stalls == 0
    assert {name for _, _, name in play.shown} == {"enhanced"}
    assert play.numbers == list(range(300))


def test_when_the_worker_dies_the_source_is_there_within_a_fifth_of_a_second() -> None:
    play = Play()
    play.both(60)
    play.only_source(30)
    assert play.switch.state is Showing.FALLBACK
    assert play.switch.current == "source"
    assert play.numbers == list(range(90))
    assert play.longest_freeze_s < MIN_STALL_S + 2 * FRAME_S


def test_a_worker_that_comes_back_is_shown_as_soon_as_it_is_beyond_the_source() -> None:
    play = Play()
    play.both(60)
    play.only_source(60)
    # The new worker begins with a picture that was shown as source, two frames ago.
    assert play.enhanced(117, is_key=True) is Pick.DROP
    assert play.switch.state is Showing.RETURNING
    assert play.switch.current == "enhanced"
    assert play.only_source(1) == [Pick.DROP]
    assert [play.enhanced(n) for n in (118, 119, 120)] == [Pick.DROP, Pick.DROP, Pick.RETURN]
    play.both(30)
    assert play.switch.stalls == 1
    assert play.numbers == list(range(151))
    assert play.longest_freeze_s < MIN_STALL_S + 2 * FRAME_S


def test_a_worker_that_is_far_behind_is_not_waited_for() -> None:
    play = Play()
    play.both(60)
    play.only_source(60)
    for number in range(70, 100):
        assert play.enhanced(number, is_key=number == 70) is Pick.DROP
        assert play.switch.state is Showing.FALLBACK
    play.only_source(5)
    assert play.numbers == list(range(125))


def test_a_worker_that_dies_while_it_comes_back_is_replaced_again() -> None:
    play = Play()
    play.both(60)
    play.only_source(60)
    play.enhanced(118, is_key=True)
    assert play.switch.state is Showing.RETURNING
    picks = play.only_source(30)
    assert Pick.CATCH_UP in picks
    assert play.numbers == list(range(150))
    assert play.longest_freeze_s < MAX_STALL_S


def test_a_worker_that_stalls_again_and_again_is_returned_to_less_often() -> None:
    play = Play()
    play.both(60)
    stalls = []
    for _ in range(3000):
        play.source()
        # In time for a third of a second, then away for as long.
        if play.number % 20 < 10:
            play.enhanced(play.number, is_key=play.number % 20 == 0)
        play.number += 1
        stalls.append(play.switch.stalls)
    assert stalls[-1] <= 3 + 100 / MAX_PATIENCE_S + 1
    play.both(600)
    assert play.switch.state is Showing.PREFERRED
    before = play.switch.stalls
    play.only_source(30)
    play.both(10)  # one stall after a good while is forgiven at once
    assert play.switch.stalls == before + 1
    assert play.switch.state is Showing.PREFERRED
    assert play.numbers == sorted(set(play.numbers))


def test_a_worker_that_is_late_as_a_rule_gets_more_time() -> None:
    play = Play()
    assert play.switch.stall_s == pytest.approx(FIRST_STALL_S)
    play.both(200)
    assert play.switch.stall_s == MIN_STALL_S
    for _ in range(200):
        play.source()
        play.enhanced(play.number, lag_s=0.12)
        play.number += 1
    assert 0.15 < play.switch.stall_s < 0.2
    assert play.switch.stalls == 0


def test_a_source_that_pauses_is_no_stall() -> None:
    play = Play()
    play.both(60)
    assert not play.switch.is_stalled(now=100.0)
    play.source()
    assert play.switch.is_stalled(now=100.0)


def test_without_a_key_frame_of_the_source_one_is_asked_for() -> None:
    play = Play()
    play.both(60)
    picks = []
    for _ in range(10):
        picks.append(play.source(can_start=False))
        play.number += 1
    assert picks[-1] is Pick.WANT_KEY
    assert play.source() is Pick.CATCH_UP


def test_who_cannot_decode_the_source_or_does_not_want_it_waits() -> None:
    for play in (Play(can_show=False), Play(None)):
        play.both(60)
        assert set(play.only_source(60)) == {Pick.DROP}
        assert play.switch.state is Showing.PREFERRED
        play.enhanced(120, is_key=True)
        assert play.numbers == [*range(60), 120]


def test_a_new_writer_that_repeats_pictures_shows_none_of_them_twice() -> None:
    play = Play(None)
    play.both(60)
    assert play.enhanced(57, is_key=True) is Pick.DROP
    assert [play.enhanced(n) for n in (58, 59, 60)] == [Pick.DROP, Pick.DROP, Pick.RETURN]
    assert play.numbers == list(range(61))
    assert play.switch.stalls == 0


def test_another_time_line_begins_anew() -> None:
    play = Play(None)
    play.both(60)
    play.switch.joined(100 * MAX_STEP_BACK)
    assert play.enhanced(61, is_key=True) is Pick.SEND
    play.switch.restart()
    assert play.switch.shown is None


def test_what_waits_is_bounded() -> None:
    play = Play(can_show=False)
    play.only_source(3 * MAX_WAITING)
    assert len(play.switch._waiting) == MAX_WAITING


def test_what_the_table_lacks_is_a_fault_of_ours() -> None:
    with pytest.raises(IllegalTransition, match="BEYOND is not expected in state PREFERRED"):
        RenditionSwitch(preferred="enhanced", fallback=None)._go(SwitchEvent.BEYOND)
    assert SWITCH.unreachable() == SWITCH.final() == set()


@given(
    st.lists(
        st.tuples(
            st.integers(1, 80),
            st.sampled_from(("both", "source", "crawl", "none")),
            st.integers(0, 12),
        ),
        max_size=12,
    )
)
def test_whatever_dies_every_frame_is_shown_once_and_in_order(
    parts: list[tuple[int, str, int]],
) -> None:
    play, follows = Play(), -1
    for frames, what, behind in parts:
        if what == "none":
            play.number += frames  # nothing is published
            follows = -1
            continue
        for index in range(frames):
            play.source()
            if what == "both" or (what == "crawl" and index % 3 == 0):
                # A worker that begins anew does so some frames back, then catches up by twos.
                begins = follows < 0
                follows = max(0, play.number - behind) if begins else follows
                for number in range(follows, min(follows + 2, play.number + 1)):
                    play.enhanced(number, is_key=begins)
                    begins, follows = False, number + 1
            else:
                follows = -1
            play.number += 1
    assert play.numbers == sorted(set(play.numbers))
