from __future__ import annotations

from benchmarks.network.conditions import NARROW_BPS
from benchmarks.team.scenarios import SCENARIOS, Event


def test_every_event_has_a_scenario_with_helpers() -> None:
    found = {each.event for each in SCENARIOS.values()}
    assert found == set(Event)
    assert all(each.devices == 4 for each in SCENARIOS.values() if each.event is not Event.NONE)


def test_a_device_that_joins_later_is_named_last() -> None:
    assert list(SCENARIOS["fifth"].names) == ["dev1", "dev2", "dev3", "dev4", "dev5"]
    assert list(SCENARIOS["cut"].names) == ["dev1", "dev2", "dev3", "dev4"]


def test_one_device_of_four_has_a_narrow_path() -> None:
    scenario = SCENARIOS["live-m-4-narrow"]
    rates = [scenario.conditions_of(name).rate_bps for name in scenario.names]
    assert rates[:3] == [scenario.conditions.rate_bps] * 3
    assert rates[3] == NARROW_BPS
    assert scenario.conditions_of("dev4").loss == scenario.conditions.loss


def test_one_and_four_devices_meet_the_same_paths() -> None:
    for name, scenario in SCENARIOS.items():
        if name.startswith("live-m-4-") and name != "live-m-4-narrow":
            alone = SCENARIOS[name.replace("live-m-4-", "live-m-1-")]
            assert alone.conditions == scenario.conditions
            assert (alone.model, alone.cores) == (scenario.model, scenario.cores)
