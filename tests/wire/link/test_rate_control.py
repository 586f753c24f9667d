"""The rate that a path carries is found from delay; random loss does not slow it."""

from __future__ import annotations

import random

import pytest

from wire.link.path_report import Arrival, PathReport
from wire.link.rate_control import MAX_BPS, MIN_BPS, START_BPS, RateControl

REPORT_S = 0.025


class Bottleneck:
    """A queue of a given rate, fed by a sender that sends as much as it may or has."""

    def __init__(
        self, bps: float, *, loss: float = 0.0, queue_s: float = 0.3, seed: int = 1
    ) -> None:
        self.bps = bps
        self.loss = loss
        self.queue_s = queue_s
        self.delay_s = 0.02
        self.rng = random.Random(seed)
        self.control = RateControl()
        self.now = 100.0
        self.free_at = 0.0
        self.longest_queue_s = 0.0

    def run(self, seconds: float, *, offered_bps: float = 1e12) -> float:
        """Lets time pass; the delivered rate over it."""
        delivered = 0
        for _ in range(int(seconds / REPORT_S)):
            size = int(min(offered_bps, self.control.rate_bps) * REPORT_S / 8)
            arrivals, lost = [], 0
            count = max(1, size // 1200)
            for each in range(count):
                sent_at = self.now + REPORT_S * each / count
                start = max(sent_at, self.free_at)
                queue = start - sent_at
                if queue > self.queue_s or self.rng.random() < self.loss:
                    lost += 1
                    continue
                self.longest_queue_s = max(self.longest_queue_s, queue)
                self.free_at = start + (size / count) * 8 / self.bps
                arrivals.append(Arrival(sent_at, self.free_at + self.delay_s + 7.0, size // count))
                delivered += size // count
            self.now += REPORT_S
            report = PathReport(tuple(arrivals), lost, lost * 1200, 0.04)
            self.control.read(report, now=self.now)
        return delivered * 8 / seconds


@pytest.mark.parametrize("bps", [1e6, 5e6, 20e6, 80e6])
def test_the_rate_of_the_path_is_found_and_its_queue_kept_short(bps: float) -> None:
    path = Bottleneck(bps)
    path.run(10)
    path.longest_queue_s = 0.0
    assert path.run(20) > 0.7 * bps
    assert path.longest_queue_s < 0.15


@pytest.mark.parametrize("loss", [0.01, 0.05, 0.1])
def test_random_loss_is_not_congestion(loss: float) -> None:
    clean, lossy = Bottleneck(20e6), Bottleneck(20e6, loss=loss)
    for path in (clean, lossy):
        path.run(10)
    assert lossy.run(10) > 0.85 * clean.run(10) * (1 - loss)


def test_a_sender_with_little_to_send_is_not_slowed() -> None:
    path = Bottleneck(20e6, loss=0.02)
    assert path.run(20, offered_bps=2e6) > 1.9e6
    assert path.control.rate_bps >= START_BPS


def test_nothing_is_believed_that_was_not_tried() -> None:
    path = Bottleneck(1e9)
    path.run(30, offered_bps=2e6)
    assert path.control.rate_bps <= 5.1e6


def test_a_path_that_gets_narrow_is_followed_within_two_seconds_and_back() -> None:
    path = Bottleneck(20e6)
    path.run(15)
    path.bps = 2e6
    path.run(2)
    path.longest_queue_s = 0.0
    assert path.run(5) > 1.2e6
    assert path.longest_queue_s < 0.2
    path.bps = 20e6
    path.run(12)
    assert path.run(5) > 4e6


def test_a_policer_without_a_queue_is_noticed_by_its_loss() -> None:
    path = Bottleneck(4e6, queue_s=0.002)
    path.run(30)
    assert path.control.rate_bps < 3 * 4e6


def test_silence_halves_the_rate_three_times_at_most() -> None:
    path = Bottleneck(20e6)
    path.run(5)
    before = path.control.rate_bps
    path.control.sent(now=path.now)
    path.control.tick(now=path.now + 0.4)
    assert path.control.rate_bps == before
    path.control.tick(now=path.now + 0.6)
    assert path.control.rate_bps == pytest.approx(before / 2)
    for second in range(2, 60):
        path.control.tick(now=path.now + second)
    assert path.control.rate_bps == pytest.approx(before / 8)


def test_an_idle_link_is_not_silent() -> None:
    path = Bottleneck(20e6)
    path.run(5)
    before = path.control.rate_bps
    for second in range(60):
        path.control.tick(now=path.now + second)
    assert path.control.rate_bps == before


def test_a_sender_that_may_send_nothing_useful_is_given_more_within_seconds() -> None:
    control = RateControl(MIN_BPS)
    # Keep-alives only, as when every message would be late at so low a rate.
    for second in range(10):
        now = 100.0 + second
        control.read(PathReport((Arrival(now, now + 0.02, 40),), 0, 0, 0.04), now=now + 0.04)
    assert control.rate_bps == MIN_BPS, "it began with nothing, and nothing was proved"
    control = RateControl()
    control.rate_bps = MIN_BPS
    for second in range(5):
        now = 100.0 + second
        control.read(PathReport((Arrival(now, now + 0.02, 40),), 0, 0, 0.04), now=now + 0.04)
    assert control.rate_bps > 1e6


def test_the_rate_stays_within_its_bounds() -> None:
    path = Bottleneck(1e12)
    path.control.rate_bps = 0.95 * MAX_BPS
    path.run(2)
    assert path.control.rate_bps == MAX_BPS
    narrow = Bottleneck(10_000)
    narrow.run(30)
    assert MIN_BPS <= narrow.control.rate_bps < 3 * MIN_BPS


def test_a_device_without_time_for_its_socket_is_no_congestion() -> None:
    path = Bottleneck(20e6)
    path.run(5, offered_bps=4e6)
    before = path.control.rate_bps
    # A tenth of a second in which everything is 60 ms late, every two seconds.
    for _ in range(5):
        path.delay_s = 0.08
        path.run(0.1, offered_bps=4e6)
        path.delay_s = 0.02
        path.run(1.9, offered_bps=4e6)
        assert path.control.rate_bps >= before


def test_a_queue_that_goes_at_once_lets_the_rate_return_at_once() -> None:
    path = Bottleneck(20e6)
    path.run(5, offered_bps=4e6)
    before = path.control.rate_bps
    path.delay_s = 0.08
    path.run(0.4, offered_bps=4e6)
    assert path.control.rate_bps < 0.7 * before
    path.delay_s = 0.02
    path.run(1.5, offered_bps=4e6)
    assert path.control.rate_bps > 0.75 * before
