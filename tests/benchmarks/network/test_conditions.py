from __future__ import annotations

import msgspec
import pytest

from benchmarks.network.conditions import LOSSY, PROFILES, WIDE_AREA, Conditions


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_bps": 0},
        {"rate_bps": float("nan")},
        {"delay_s": -1},
        {"jitter_s": -1},
        {"queue_s": -1},
        {"loss": 1},
        {"loss": -0.1},
        {"burst_packets": 0.5},
    ],
)
def test_conditions_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        WIDE_AREA.but(**wrong)


def test_changes_leave_the_rest_as_it_was() -> None:
    assert LOSSY.but(loss=0.0) == WIDE_AREA
    assert LOSSY.but(is_cut=True).rate_bps == WIDE_AREA.rate_bps


def test_conditions_survive_json_and_unknown_ones_are_refused() -> None:
    for each in PROFILES.values():
        assert msgspec.json.decode(msgspec.json.encode(each), type=Conditions) == each
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"speed": 1}', type=Conditions)


def test_the_profiles_are_what_their_names_say() -> None:
    assert {name: each.loss for name, each in PROFILES.items() if "loss" in name} == {
        "2 % loss": 0.02,
        "2 % loss, 4 ms jitter": 0.02,
        "2 % loss, 10 ms jitter": 0.02,
        "bursts, 2 % loss": 0.02,
        "10 % loss": 0.1,
        "60 % loss": 0.6,
    }
