"""The estimate of a viewer's path, on simulated paths with feedback each 50 ms."""

from __future__ import annotations

import itertools

import pytest

from app.rtp.sent_groups import SentGroup
from app.rtp.viewer_bandwidth import MAX_BPS, MIN_BPS, ViewerBandwidth
from tests.app.rtp.viewer_path import Video, Viewer
from tests.wire.link.virtual_path import Path

SOURCE, SMALLER, ENHANCED = Video(1350), Video(400), Video(3750)


def estimate(viewer: Viewer) -> float:
    assert viewer.bandwidth.estimate_bps is not None
    return viewer.bandwidth.estimate_bps


@pytest.mark.parametrize("video", [SOURCE, SMALLER], ids=["source", "smaller"])
@pytest.mark.parametrize("mbps", [2.0, 3.0, 8.0])
def test_what_a_path_carries_is_found_without_padding(video: Video, mbps: float) -> None:
    viewer = Viewer(Path(rate_bps=mbps * 1e6), video)
    viewer.run(6)
    # Each packet takes 65 bytes more on the simulated path.
    assert 0.65 * mbps * 1e6 < estimate(viewer) < 1.05 * mbps * 1e6
    assert viewer.bandwidth.congestions == 0


def test_it_is_found_within_a_second_of_the_start() -> None:
    viewer = Viewer(Path(rate_bps=3e6), SOURCE)
    viewer.run(1)
    assert 2e6 < estimate(viewer) < 3.1e6


@pytest.mark.parametrize("queue_s", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_fall_from_3_to_0_8_is_noticed_within_a_second(queue_s: float, seed: int) -> None:
    viewer = Viewer(Path(rate_bps=3e6, queue_s=queue_s), SOURCE, seed=seed)
    viewer.run(6 + seed / 7)
    viewer.path.rate_bps = 0.8e6
    viewer.run(1.0)
    assert estimate(viewer) < 1.35e6
    viewer.run(1.0)
    assert 0.4e6 < estimate(viewer) < 0.9e6


def test_after_a_fall_it_rises_again_with_the_path() -> None:
    viewer = Viewer(Path(rate_bps=3e6), SOURCE)
    viewer.run(6)
    viewer.path.rate_bps = 0.8e6
    viewer.run(2)
    viewer.video = SMALLER
    viewer.run(15)
    assert 0.5e6 < estimate(viewer) < 0.85e6
    viewer.path.rate_bps = 3e6
    viewer.run(25)
    assert estimate(viewer) > 1.8e6


@pytest.mark.parametrize("loss", [0.02, 0.05])
def test_random_loss_is_no_congestion(loss: float) -> None:
    viewer = Viewer(Path(rate_bps=3e6, loss=loss), SOURCE)
    viewer.run(20)
    assert estimate(viewer) > 1.9e6
    assert viewer.bandwidth.congestions <= 1
    assert viewer.bandwidth.loss == pytest.approx(loss, abs=0.04)


def test_a_deep_buffer_is_noticed_by_its_delay_alone() -> None:
    viewer = Viewer(Path(rate_bps=3e6, queue_s=5.0), SOURCE)
    viewer.run(5)
    viewer.path.rate_bps = 1.0e6
    viewer.run(1.5)
    assert viewer.bandwidth.loss == 0.0
    assert estimate(viewer) < 1.1e6
    assert viewer.bandwidth.queue_s < 0.8


def test_traffic_of_others_leaves_what_is_left() -> None:
    viewer = Viewer(Path(rate_bps=3e6), SOURCE)
    viewer.run(5)
    viewer.cross_bps = 2.2e6
    viewer.run(3)
    assert estimate(viewer) < 1.3e6
    viewer.video, viewer.cross_bps = SMALLER, 1.0e6
    viewer.run(15)
    assert estimate(viewer) > 0.5e6


def test_jitter_is_no_congestion() -> None:
    viewer = Viewer(Path(rate_bps=5e6, jitter_s=0.01), SOURCE)
    viewer.run(30)
    assert estimate(viewer) > 1.6e6
    assert viewer.bandwidth.congestions <= 2


def test_a_large_key_frame_is_no_congestion() -> None:
    video = Video(1350, key_every_s=2.0, key_factor=15.0)
    viewer = Viewer(Path(rate_bps=3e6), video)
    viewer.run(30)
    assert viewer.bandwidth.congestions <= 2
    assert estimate(viewer) > 1.4e6


def test_too_much_from_the_beginning_is_noticed() -> None:
    viewer = Viewer(Path(rate_bps=2e6), ENHANCED)
    viewer.run(2)
    assert estimate(viewer) < 2e6


def test_lost_feedback_costs_accuracy_and_no_more() -> None:
    viewer = Viewer(Path(rate_bps=3e6), SOURCE)
    viewer.feedback_loss = 0.2
    viewer.run(10)
    assert estimate(viewer) > 1.5e6
    viewer.path.rate_bps = 0.8e6
    viewer.run(2)
    assert estimate(viewer) < 1.2e6


def test_feedback_each_quarter_of_a_second_is_enough() -> None:
    viewer = Viewer(Path(rate_bps=3e6), SOURCE)
    viewer.feedback_every_s = 0.25
    viewer.run(10)
    assert estimate(viewer) > 1.5e6
    viewer.path.rate_bps = 0.8e6
    viewer.run(2)
    assert estimate(viewer) < 1.2e6


def test_a_path_in_good_order_does_not_make_the_estimate_waver() -> None:
    viewer = Viewer(Path(rate_bps=3e6), SOURCE)
    viewer.run(5)
    found: list[float] = []
    viewer.on_tick = lambda now: found.append(estimate(viewer))
    viewer.run(60)
    assert min(found) > 0.9 * max(found)
    assert all(later >= 0.95 * earlier for earlier, later in itertools.pairwise(found))


def group(first: int, sent_at: float, delay_s: float, *, lost: int = 0) -> SentGroup:
    made = SentGroup(first, 4, 4000, 1000, sent_at)
    made.arrived, made.lost = 4 - lost, lost
    made.first_at = sent_at + delay_s
    made.last_at = made.first_at + 0.008
    return made


def test_loss_above_a_tenth_counts_as_the_draft_says() -> None:
    bandwidth = ViewerBandwidth()
    for number in range(30):
        now = number / 30
        bandwidth.read([group(4 * number, now, 0.02)], rtt_s=0.04, now=now + 0.04)
    before = bandwidth.estimate_bps
    assert before is not None
    for number in range(30, 62):
        now = number / 30
        bandwidth.read([group(4 * number, now, 0.02, lost=1)], rtt_s=0.04, now=now + 0.04)
    assert bandwidth.loss == pytest.approx(0.25)
    after = bandwidth.estimate_bps
    assert after is not None
    assert after < before


def test_without_transport_wide_feedback_the_viewers_own_estimate_counts() -> None:
    bandwidth = ViewerBandwidth()
    assert bandwidth.estimate_bps is None
    bandwidth.on_estimate(700_000.0, now=1.0)
    assert bandwidth.estimate_bps == 700_000.0
    bandwidth.on_estimate(0.0, now=2.0)
    assert bandwidth.estimate_bps == MIN_BPS
    bandwidth.on_estimate(1e12, now=3.0)
    assert bandwidth.estimate_bps == MAX_BPS
    bandwidth.on_report(0.07, 0.12, now=4.0)
    assert (bandwidth.loss, bandwidth.rtt_s) == (0.07, 0.12)
    bandwidth.on_report(0.01, None, now=5.0)
    assert (bandwidth.loss, bandwidth.rtt_s) == (0.01, 0.12)


def test_beside_transport_wide_feedback_they_count_for_nothing() -> None:
    bandwidth = ViewerBandwidth()
    for number in range(30):
        now = number / 30
        bandwidth.read([group(4 * number, now, 0.02)], rtt_s=0.04, now=now + 0.04)
    before = bandwidth.estimate_bps
    bandwidth.on_estimate(100_000.0, now=1.0)
    bandwidth.on_report(0.5, 2.0, now=1.0)
    assert (bandwidth.estimate_bps, bandwidth.loss, bandwidth.rtt_s) == (before, 0.0, 0.04)


def test_feedback_that_tells_of_nothing_changes_nothing() -> None:
    bandwidth = ViewerBandwidth()
    bandwidth.read([], rtt_s=0.0, now=1.0)
    assert bandwidth.estimate_bps is None
    assert bandwidth.train_bps is None
