"""What a team's policies are to reach, in virtual time."""

from __future__ import annotations

import random

import pytest

from benchmarks.team_simulation import (
    CLEAN,
    FPS,
    HEIGHT,
    PATHS,
    WIDTH,
    Device,
    Frame,
    Path,
    Simulation,
    age_ms,
    delivered,
    device,
    main,
    part_of,
    regions_of_a_frame,
    row,
)
from workers.team.hedging import MAX_FRACTION

LOSS = PATHS["2 % loss"]
JITTER = PATHS["2 % loss, 10 ms jitter"]
SECONDS = 16.0
AT = 10.0
"""Time at which something happens to a device."""


def run(*devices: Device, seconds: float = SECONDS, seed: int = 1) -> Simulation:
    return Simulation(list(devices), seconds=seconds, seed=seed).run()


def four(
    path: Path, *, seed: int = 1, joins: float = 0.0, dies: float = float("inf")
) -> Simulation:
    """Four equal devices, of which something is special about the first."""
    special = device("a", path, joins=joins, dies=dies)
    return run(special, *(device(name, path) for name in "bcd"), seed=seed)


def incomplete(found: Simulation, since: float, until: float) -> list[Frame]:
    """Frames that went on without something that had been given out, more than a twentieth."""
    return [
        frame
        for frame in found.frames
        if since <= frame.arrived < until and frame.missing > 0.05 * frame.wanted
    ]


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("clean", 3.8),
        ("2 % loss", 3.4),
        ("2 % loss, 4 ms jitter", 3.4),
        ("2 % loss, 10 ms jitter", 3.4),
    ],
)
@pytest.mark.parametrize("seed", [1, 2])
def test_four_devices_do_four_times_the_work_of_one(name: str, least: float, seed: int) -> None:
    factor, part, median_ms, tail_ms, last_ms, hedged = row(PATHS[name], seconds=SECONDS, seed=seed)
    assert factor >= least
    assert part >= 90.0
    assert median_ms < 140.0 and tail_ms < 200.0 and last_ms < 240.0
    assert hedged <= 100 * MAX_FRACTION


@pytest.mark.parametrize(("name", "least"), [("clean", 3.6), ("2 % loss", 3.4)])
def test_devices_that_work_and_wait_in_turns_are_as_good(name: str, least: float) -> None:
    """A CPU quota of 0.3 in each 20 ms makes times uneven."""
    factor, part, *_ = row(PATHS[name], seconds=SECONDS, seed=1, quota=0.3)
    assert factor >= least and part >= 90.0


@pytest.mark.parametrize("path", [CLEAN, LOSS], ids=("clean", "loss"))
def test_a_net_that_a_device_runs_at_one_frame_a_second_is_divided_as_well(path: Path) -> None:
    usual = device("usual").ms_per_megasample
    one = run(Device("a", 8 * usual, path))
    found = run(*(Device(name, 8 * usual, path) for name in "abcd"))
    assert delivered(found, 5.0) >= 3.2 * delivered(one, 5.0)
    assert age_ms(found, 0.99) <= 240.0


def test_whole_frames_are_given_out_in_turn() -> None:
    """Each device needs 98 ms for one, so that four can do 41 a second."""
    speed = device("usual").ms_per_megasample
    found = Simulation(
        [Device(name, speed) for name in "abcd"], seconds=SECONDS, whole_frames=True
    ).run()
    frames = [frame for frame in found.frames if frame.arrived >= 5.0]
    assert sum(bool(frame.in_time) for frame in frames) > 0.98 * len(frames)
    assert all(len(frame.given) <= 1 for frame in frames)
    assert max(frame.left - frame.arrived for frame in frames) <= 0.3


def test_frames_that_are_late_at_the_helpers_are_reckoned_with() -> None:
    """Decoding takes up to 20 ms there, so that tasks wait for their frames."""
    devices = [device(name, LOSS) for name in "abcd"]
    for each in devices:
        each.decode_s = 0.02
    found = run(*devices)
    wanted = sum(frame.wanted for frame in found.frames if frame.arrived >= 5.0)
    assert delivered(found, 5.0) > 0.9 * wanted


def test_work_goes_on_at_ten_percent_of_loss() -> None:
    found = four(PATHS["10 % loss"])
    frames = [frame for frame in found.frames if frame.arrived >= 5.0]
    assert delivered(found, 5.0) > 0.85 * sum(frame.wanted for frame in frames)
    assert age_ms(found, 0.99) <= 300.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_device_that_becomes_four_times_slower_spoils_two_frames_and_gets_less(seed: int) -> None:
    slow = device("a", CLEAN, pace=lambda now: 4.0 if now >= AT else 1.0)
    found = run(slow, *(device(name) for name in "bcd"), seed=seed)
    assert len(incomplete(found, AT - 0.3, AT + 1.0)) <= 2
    # Two results of its slow self are there 0.3 s later, and nothing was given out meanwhile.
    after = [frame for frame in found.frames if AT + 0.3 <= frame.arrived < AT + 2.0]
    given = sum(frame.given.get("a", 0) for frame in after) / sum(f.wanted for f in after)
    assert given < 0.1
    # Later it does what it can: a quarter of a quarter, as far as it is in time.
    assert 0.03 < part_of(found, "a", AT + 3.0, SECONDS) < 0.08


@pytest.mark.parametrize("path", [CLEAN, LOSS, JITTER], ids=("clean", "loss", "jitter"))
def test_the_fraction_of_a_device_that_joins_is_nearly_ideal_in_five_seconds(path: Path) -> None:
    found = four(path, joins=AT)
    parts = [part_of(found, name, AT + 3.0, SECONDS) for name in "abcd"]
    assert parts[0] == pytest.approx(sum(parts) / 4, rel=0.1)
    assert part_of(found, "a", AT, AT + 3.0) > 0.18


@pytest.mark.parametrize("path", [CLEAN, LOSS], ids=("clean", "loss"))
def test_the_death_of_a_device_costs_no_frame_and_is_over_at_once(path: Path) -> None:
    found = four(path, dies=AT)
    assert len(found.frames) == SECONDS * FPS
    assert all(frame.left - frame.arrived <= 0.3 for frame in found.frames)
    assert len(incomplete(found, AT - 0.3, AT + 1.0)) <= 5
    others = delivered(found, AT + 0.5, SECONDS) / (SECONDS - AT - 0.5)
    before = delivered(found, 5.0, AT - 0.5) / (AT - 5.5)
    assert others / before == pytest.approx(0.75, abs=0.05)


def test_all_devices_die_and_frames_are_held_back_no_more() -> None:
    found = run(*(device(name, dies=AT) for name in "ab"))
    gone = [frame for frame in found.frames if frame.arrived >= AT + 4.5]
    assert all(frame.left == frame.arrived and not frame.given for frame in gone)


def test_a_device_that_stands_still_for_a_while_comes_back() -> None:
    """All of it waits for 5 s, as behind a path that is cut."""
    still = device("a", CLEAN, pace=lambda now: 150.0 if AT <= now < AT + 0.03 else 1.0)
    found = run(still, *(device(name) for name in "bcd"), seconds=25.0)
    assert len(incomplete(found, AT - 0.3, AT + 5.0)) <= 8
    assert part_of(found, "a", AT + 10.0, 25.0) > 0.2


def test_frames_leave_in_order_at_even_distances() -> None:
    found = four(LOSS)
    deadlines = [frame.deadline for frame in found.frames]
    gaps = [after - before for before, after in zip(deadlines, deadlines[1:], strict=False)]
    assert min(gaps) > 0.85 / FPS and max(gaps) <= 1.51 / FPS


def test_devices_of_unlike_speed_are_all_of_use() -> None:
    speeds = {"a": 0.5, "b": 1.0, "c": 2.0}
    usual = device("usual").ms_per_megasample
    devices = [Device(name, usual / by) for name, by in speeds.items()]
    found = run(*devices)
    for name, by in speeds.items():
        assert part_of(found, name, 6.0, SECONDS) == pytest.approx(by / 4, rel=0.2), name


def test_the_regions_of_a_frame_cover_it() -> None:
    for seed in range(20):
        regions = [one.region for one in regions_of_a_frame(random.Random(seed))]
        assert sum(each.height * each.width for each in regions) == HEIGHT * WIDTH
        assert 4 <= len(regions) <= 24


def test_the_table_has_a_row_for_each_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.team_simulation.RUNS", 2)
    monkeypatch.setattr("benchmarks.team_simulation.RUN_S", 7.0)
    monkeypatch.setattr("benchmarks.team_simulation.PATHS", {"clean": CLEAN})
    monkeypatch.setattr("benchmarks.team_simulation.QUOTA_PATHS", ["clean"])
    main()
    table = capsys.readouterr().out.splitlines()
    assert len(table) == 4 and table[2].startswith("| clean | 3.")
    assert table[3].startswith("| clean, CPU quota | 3.")
