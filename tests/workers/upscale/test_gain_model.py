"""The estimate of the gain: bounded, zero for what no net made, for the nets it was fitted to."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.manifest import list_models
from workers.upscale.gain_model import FLOOR, LIVE, GainModel, Observables

USUAL = Observables(correction=12.0, inconsistency=1.5, gradient=150.0, strength=0.5)
ENERGY = st.floats(0.0, 65025.0)


@settings(deadline=None)
@given(
    st.builds(
        Observables,
        correction=ENERGY,
        inconsistency=ENERGY,
        gradient=ENERGY,
        strength=st.floats(0.0, 1.0),
    )
)
def test_whatever_is_seen_the_estimate_stays_within_what_was_measured(seen: Observables) -> None:
    gain = LIVE.gain_db(seen)
    assert min(LIVE.lowest_db, 0.0) <= gain <= LIVE.highest_db


def test_there_is_a_weight_for_each_feature() -> None:
    assert len(LIVE.coefficients) == len(USUAL.features())
    assert USUAL.features()[0] == 1.0


def test_a_picture_that_no_net_changed_is_worth_nothing() -> None:
    assert LIVE.gain_db(dataclasses.replace(USUAL, correction=0.0)) == 0.0
    assert LIVE.gain_db(dataclasses.replace(USUAL, correction=FLOOR / 2)) == 0.0


def test_the_weights_are_those_of_the_features_and_the_estimate_is_cut() -> None:
    model = GainModel((0.25, 0.0, 0.0, 0.0, 0.0), 0.1, lowest_db=-1.0, highest_db=2.0)
    assert model.gain_db(USUAL) == 0.25
    assert dataclasses.replace(model, highest_db=0.2).gain_db(USUAL) == 0.2
    assert dataclasses.replace(model, lowest_db=0.3).gain_db(USUAL) == 0.3
    by_style = GainModel((0.0, 0.0, 0.0, 0.0, -1.0), 0.1, lowest_db=-9.0, highest_db=9.0)
    assert by_style.gain_db(USUAL) == pytest.approx(-0.5)


def test_it_holds_for_nets_that_it_was_fitted_to_and_that_ship() -> None:
    shipped = {manifest.name: manifest for manifest in list_models()}
    for name in LIVE.nets:
        assert shipped[name].scale == LIVE.scale
        assert LIVE.holds_for(name, float(LIVE.scale))
        assert not LIVE.holds_for(name, 1.0)
    assert not LIVE.holds_for("somebodys-net", float(LIVE.scale))


def test_its_error_is_smaller_than_the_spread_of_gains() -> None:
    assert 0.0 < LIVE.error_db < (LIVE.highest_db - LIVE.lowest_db) / 2
