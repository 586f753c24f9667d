from __future__ import annotations

import pytest

from workers.team.device_model import Offer
from workers.team.farming import FarmingMode, NetProfile, choose_farming


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
