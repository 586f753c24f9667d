from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.media.frame_info import CELL
from workers.team.device_model import Offer
from workers.team.partition import (
    MAX_REGIONS_PER_TASK,
    MIN_PART_CELLS,
    Order,
    Partition,
    WantedRegion,
    is_part,
    partition,
    work_of,
)
from workers.temporal.region_selection import Region

HALO = 7


def offer(name: str, *, rate: float = 500.0, start: float = 0.02, **others: object) -> Offer:
    fields = {"name": name, "start_s": start, "return_s": 0.02, "ms_per_region": 0.5}
    return Offer(**fields | {"ms_per_megasample": rate} | others)  # type: ignore[arg-type]


def wanted(place: int, height: int, width: int, *, worth: float = 1.0) -> WantedRegion:
    """A region in cells; places lie apart."""
    region = Region(0, place * 4096, CELL * height, CELL * width)
    return WantedRegion(region, worth * region.height * region.width, place)


def by_name(found: Partition) -> dict[str, Order]:
    return {order.name: order for order in found.orders}


def area(regions: tuple[WantedRegion, ...]) -> int:
    return sum(one.region.height * one.region.width for one in regions)


def test_equal_devices_get_equal_parts() -> None:
    regions = [wanted(place, 8, 8) for place in range(12)]
    offers = [offer(name) for name in "abcd"]
    found = partition(regions, offers, halo=HALO, within_s=0.2)
    assert {name: len(order.regions) for name, order in by_name(found).items()} == dict.fromkeys(
        "abcd", 3
    )
    assert found.left == ()


def test_a_device_of_twice_the_speed_gets_twice_as_much() -> None:
    regions = [wanted(place, 6, 6) for place in range(12)]
    found = by_name(
        partition(regions, [offer("fast", rate=250.0, ms_per_region=0.25), offer("slow")],
                  halo=HALO, within_s=0.5)
    )  # fmt: skip
    assert len(found["fast"].regions) == 8 and len(found["slow"].regions) == 4


def test_the_most_valuable_regions_are_given_first_and_the_rest_is_left() -> None:
    regions = [wanted(place, 8, 8, worth=1.0 + place) for place in range(10)]
    found = partition(regions, [offer("a")], halo=HALO, within_s=0.055)
    (order,) = found.orders
    assert [one.place for one in order.regions] == [9, 8, 7, 6]
    assert sorted(one.place for one in found.left) == [0, 1, 2, 3, 4, 5]
    assert order.finish_s <= 0.055


def test_a_device_whose_path_is_too_long_gets_nothing() -> None:
    found = partition(
        [wanted(0, 8, 8)], [offer("far", start=0.1), offer("near")], halo=HALO, within_s=0.1
    )
    assert set(by_name(found)) == {"near"}


def test_a_device_that_should_get_no_more_gets_no_more() -> None:
    regions = [wanted(place, 6, 6) for place in range(10)]
    found = partition(regions, [offer("a", max_work_ms=6.0)], halo=HALO, within_s=0.5)
    (order,) = found.orders
    assert len(order.regions) == 2
    assert partition(regions, [offer("a", max_work_ms=0.0)], halo=HALO, within_s=1.0).orders == ()


def test_one_without_work_takes_one_region_that_is_longer_than_its_limit() -> None:
    idle = offer("a", max_work_ms=5.0, takes_one=True)
    found = partition([wanted(0, 30, 60)], [idle], halo=HALO, within_s=0.5, may_cut=False)
    (order,) = found.orders
    assert order.finish_s > 0.06
    busy = dataclasses.replace(idle, takes_one=False)
    assert partition([wanted(0, 30, 60)], [busy], halo=HALO, within_s=0.5, may_cut=False).left


def test_a_region_that_can_be_cut_is_cut_to_what_a_device_should_get() -> None:
    idle = offer("a", max_work_ms=8.0, takes_one=True)
    found = partition([wanted(0, 12, 60)], [idle], halo=HALO, within_s=0.5)
    (order,) = found.orders
    assert idle.work_ms(1, order.samples) <= 8.0 and len(found.left) == 1
    # Of a slow device the least part is welcome, if nothing waits there.
    slow = offer("a", rate=5000.0, max_work_ms=8.0, takes_one=True)
    (order,) = partition([wanted(0, 12, 60)], [slow], halo=HALO, within_s=0.5).orders
    assert [one.region.width for one in order.regions] == [MIN_PART_CELLS * CELL]
    assert partition([wanted(0, 12, 60)], [slow], halo=HALO, within_s=0.05).orders == ()


def test_a_large_region_is_cut_along_cells_and_both_finish_together() -> None:
    one = wanted(0, 20, 60)
    found = by_name(partition([one], [offer("a"), offer("b", rate=1000.0)], halo=HALO, within_s=1))
    ((a,), (b,)) = (found[name].regions for name in "ab")
    assert a.region.width + b.region.width == 480 and a.region.width % CELL == 0
    assert a.region.height == b.region.height == 160
    assert found["a"].finish_s == pytest.approx(found["b"].finish_s, abs=0.005)
    assert a.worth + b.worth == pytest.approx(one.worth)


def test_a_tall_region_is_cut_across_its_height() -> None:
    found = partition([wanted(0, 60, 20)], [offer("a"), offer("b")], halo=HALO, within_s=1.0)
    assert {one.region.width for order in found.orders for one in order.regions} == {160}


def test_a_cut_that_gains_less_than_its_halo_costs_is_not_made() -> None:
    small = wanted(0, 6, 12)
    found = partition([small], [offer("a"), offer("b")], halo=HALO, within_s=1.0)
    assert [order.regions for order in found.orders] == [(small,)]
    large = wanted(0, 12, 24)
    far = offer("b", start=0.08)
    assert len(partition([large], [offer("a"), far], halo=HALO, within_s=1.0).orders) == 1
    # With a halo of 100 samples, half of it costs nearly as much as all of it.
    assert len(partition([large], [offer("a"), offer("b")], halo=100, within_s=1).orders) == 1


def test_of_a_region_that_nobody_finishes_whole_as_much_as_possible_is_made() -> None:
    one = wanted(0, 20, 60)
    found = partition([one], [offer("a")], halo=HALO, within_s=0.07)
    (order,) = found.orders
    assert 0.3 < area(order.regions) / area((one,)) < 0.8
    assert area(order.regions) + area(found.left) == area((one,))
    assert partition([one], [offer("a")], halo=HALO, within_s=0.07, may_cut=False).orders == ()


def test_without_devices_all_is_left() -> None:
    regions = [wanted(place, 8, 8) for place in range(3)]
    assert partition(regions, [], halo=HALO, within_s=1.0) == Partition((), tuple(regions))
    assert partition([], [offer("a")], halo=HALO, within_s=1.0) == Partition((), ())


def test_tasks_have_few_regions() -> None:
    regions = [wanted(place, 2, 2) for place in range(40)]
    found = partition(regions, [offer("a"), offer("b")], halo=HALO, within_s=9.0)
    assert [len(order.regions) for order in found.orders] == [MAX_REGIONS_PER_TASK] * 2


sides = st.integers(1, 60)
devices = st.builds(
    offer,
    st.sampled_from("abcdefgh"),
    rate=st.floats(1.0, 20_000.0),
    start=st.floats(0.0, 0.3),
    max_work_ms=st.floats(0.0, 100.0) | st.just(float("inf")),
    takes_one=st.booleans(),
)


@given(
    st.lists(st.tuples(sides, sides, st.floats(0.0, 10.0)), max_size=24),
    st.lists(devices, max_size=8, unique_by=lambda each: each.name),
    st.integers(0, 64),
    st.floats(-0.1, 0.6),
    st.booleans(),
)
def test_every_part_of_every_region_is_given_once_or_left(
    shapes: list[tuple[int, int, float]],
    offers: list[Offer],
    halo: int,
    within_s: float,
    may_cut: bool,
) -> None:
    regions = [wanted(place, h, w, worth=worth) for place, (h, w, worth) in enumerate(shapes)]
    found = partition(regions, offers, halo=halo, within_s=within_s, may_cut=may_cut)
    pieces = [*found.left, *(one for order in found.orders for one in order.regions)]
    for region in regions:
        parts = [one for one in pieces if one.place == region.place]
        assert all(is_part(one, region) for one in parts)
        assert area(tuple(parts)) == area((region,))
        assert sum(one.worth for one in parts) == pytest.approx(region.worth)
        cells = {(r, c) for one in parts for r, c in _cells(one.region)}
        assert len(cells) * CELL**2 == area((region,)), "parts overlap"
        assert may_cut or len(parts) == 1
        for one in parts:
            longer = max(one.region.height, one.region.width)
            assert len(parts) == 1 or longer >= MIN_PART_CELLS * CELL
    # The same again, whatever the order of the arguments.
    again = partition(regions[::-1], offers[::-1], halo=halo, within_s=within_s, may_cut=may_cut)
    assert again == found
    for order in found.orders:
        (device,) = (each for each in offers if each.name == order.name)
        assert order.samples == sum(work_of(one.region, halo) for one in order.regions)
        work_ms = device.work_ms(len(order.regions), order.samples)
        assert order.finish_s == pytest.approx(device.start_s + work_ms / 1000 + 0.02)
        assert order.finish_s <= within_s + 1e-9
        alone = device.takes_one and len(order.regions) == 1
        assert alone or device.takes_one or work_ms <= device.max_work_ms + 1e-6
        assert len(order.regions) <= MAX_REGIONS_PER_TASK


def _cells(region: Region) -> list[tuple[int, int]]:
    return [
        (row, column)
        for row in range(region.top // CELL, (region.top + region.height) // CELL)
        for column in range(region.left // CELL, (region.left + region.width) // CELL)
    ]
