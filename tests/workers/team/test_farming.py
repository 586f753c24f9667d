from __future__ import annotations

import pytest

from workers.team.device_model import Offer
from workers.team.dispatcher import Dispatcher, TaskOrder
from workers.team.farming import Farming, FarmingMode, NetProfile, choose_farming
from workers.team.partition import WantedRegion
from workers.temporal.region_selection import Region


def helpers(count: int, *, rate: float = 500.0) -> list[Offer]:
    """So many helpers 40 ms away."""
    return [Offer(f"dev{number}", 0.02, 0.02, 0.5, rate) for number in range(count)]


SMALL = NetProfile(480, 270, 7)
WIDE = NetProfile(480, 270, 100)


def test_regions_of_a_net_with_a_small_halo_cost_little() -> None:
    assert SMALL.by_regions(1) == SMALL.whole() == 494 * 284
    assert SMALL.by_regions(4) == 4 * (240 + 14) * (135 + 14)
    assert SMALL.by_regions(5) / SMALL.whole() < 1.2
    found = choose_farming(SMALL, helpers(4), max_delay_s=0.3)
    assert found.mode is FarmingMode.REGIONS
    assert "1.1" in found.reason and "71 ms" in found.reason


def test_regions_of_a_net_with_a_large_halo_cost_more_than_frames() -> None:
    found = choose_farming(WIDE, helpers(3), max_delay_s=0.3)
    assert found.mode is FarmingMode.FRAMES
    assert "sees 100 samples" in found.reason and "4 devices" in found.reason


def test_regions_are_worth_a_large_halo_where_little_of_a_frame_is_wanted() -> None:
    found = choose_farming(WIDE, helpers(3), max_delay_s=0.3, wanted=0.3)
    assert found.mode is FarmingMode.REGIONS
    assert "cost 0." in found.reason


def test_frames_that_take_too_long_are_cut_into_regions_all_the_same() -> None:
    found = choose_farming(WIDE, helpers(3, rate=5000.0), max_delay_s=0.3)
    assert found.mode is FarmingMode.REGIONS
    assert "300 ms" in found.reason


def test_helpers_that_are_too_slow_for_whole_frames_do_not_count_for_them() -> None:
    slow = helpers(6, rate=5000.0)
    found = choose_farming(WIDE, [*helpers(1), *slow], max_delay_s=0.3)
    assert found.mode is FarmingMode.FRAMES
    found = choose_farming(SMALL, [*helpers(1), *slow], max_delay_s=0.3)
    assert found.mode is FarmingMode.REGIONS


@pytest.mark.parametrize(
    ("profile", "count", "words"),
    [(SMALL, 0, "No device helps."), (NetProfile(480, 270, 7, sees_one_picture=False), 3, "state")],
)
def test_where_nothing_can_be_divided_the_lead_is_alone(
    profile: NetProfile, count: int, words: str
) -> None:
    found = choose_farming(profile, helpers(count), max_delay_s=0.3)
    assert found.mode is FarmingMode.ALONE and words in found.reason


def regions(count: int) -> tuple[WantedRegion, ...]:
    """So many squares of 64 samples."""
    return tuple(WantedRegion(Region(0, 64 * n, 64, 64), 2.0, n) for n in range(count))


def test_a_frame_is_given_out_whole_once_frames_are_the_mode() -> None:
    farming = Farming(WIDE, 0.3)
    assert farming.plan(regions(3), [], now=0.0) == regions(3)
    assert farming.choice.mode is FarmingMode.ALONE
    found = farming.plan(regions(3), helpers(3), now=0.5)
    assert found == regions(3), "it is chosen once a second"
    (whole,) = farming.plan(regions(3), helpers(3), now=1.5)
    assert farming.choice.mode is FarmingMode.FRAMES
    assert whole.region == Region(0, 0, 272, 480) and whole.worth == 6.0
    assert farming.plan((), helpers(3), now=1.6) == ()


def test_frames_that_want_little_of_the_net_are_given_out_by_regions_again() -> None:
    farming = Farming(WIDE, 0.3)
    for number in range(300):
        found = farming.plan(regions(1), helpers(3), now=number / 30)
    assert farming.choice.mode is FarmingMode.REGIONS and found == regions(1)


def test_a_dispatcher_gives_whole_frames_to_one_device_each() -> None:
    team = Dispatcher(halo=100)
    team.fit(WIDE)
    now = 0.0
    orders: list[TaskOrder] = []
    for sequence in range(60):
        for name in ("a", "b", "c"):
            team.ready(name, 200.0, 1.0, now=now)
        given = team.dispatch(sequence, regions(7), arrived=now, now=now)
        orders += given.orders
        for order in given.orders:
            team.result(order.to, order.number, whole_ms=45.0, waited_ms=0.0, size=9000,
                        now=now + 0.09)  # fmt: skip
        now += 0.1
    assert team.farming is not None and team.farming.mode is FarmingMode.FRAMES
    assert {len(order.regions) for order in orders[-20:]} == {1}
    assert {one.region for order in orders[-20:] for one in order.regions} == {
        Region(0, 0, 272, 480)
    }


def test_an_operator_pins_the_mode_and_is_told_what_it_would_be() -> None:
    farming = Farming(SMALL, 0.3)
    farming.pinned = FarmingMode.FRAMES
    assert farming.plan(regions(3), [], now=0.0) == regions(3), "there is nobody yet"
    (whole,) = farming.plan(regions(3), helpers(3), now=1.0)
    assert whole.region == Region(0, 0, 272, 480)
    assert farming.choice.reason.startswith("An operator pinned frames. Otherwise it would be reg")
    farming.pinned = FarmingMode.REGIONS
    assert farming.plan(regions(3), helpers(3), now=2.0) == regions(3)
    assert farming.choice.reason == "An operator pinned regions."


def test_a_pinned_mode_outlives_another_size() -> None:
    team = Dispatcher(halo=7)
    team.pin(FarmingMode.FRAMES)
    for size in ((480, 270), (320, 180)):
        team.fit(NetProfile(*size, 7))
        team.ready("a", 200.0, 1.0, now=0.0)
        team.dispatch(1, regions(2), arrived=0.0, now=0.0)
        assert team.farming is not None and team.farming.mode is FarmingMode.FRAMES
    team.pin(None)
    team.dispatch(2, regions(2), arrived=1.5, now=1.5)
    assert team.farming is not None and team.farming.mode is FarmingMode.REGIONS
