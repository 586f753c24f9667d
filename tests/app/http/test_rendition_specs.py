"""What operators say of a rendition, checked without a server; the routes are tested with one."""

from __future__ import annotations

from typing import Any

import pytest

from app.errors import BadRequest
from app.http import schemas
from app.http.rendition_specs import check_change, check_spec, wire_spec, wire_team
from wire.rendition_record import RenditionSpec


def model(name: str, **fields: Any) -> schemas.Model:
    known: dict[str, Any] = {
        "title": name, "scale": 2, "macs_per_pixel": 1, "parameters": 1, "licence": "",
        "precisions": [], "strength": False, "missing": "",
    }  # fmt: skip
    return schemas.Model(name=name, **(known | fields))


MODELS = [model("live-s"), model("three", scale=3), model("gone", missing="its file is lost.")]


def refusal(**fields: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        check_spec(schemas.RenditionSettings(**fields), MODELS, "live-s")
    return str(caught.value)


def test_what_can_be_made_is_accepted() -> None:
    for fields in (
        {},
        {"model": "three", "factor": 3, "codec": "vp8"},
        {"pinned": ["a"] * 8, "excluded": ["b"]},
    ):
        check_spec(schemas.RenditionSettings.model_validate(fields), MODELS, "live-s")
    # Without a worker nobody knows the scale.
    check_spec(schemas.RenditionSettings(factor=7), [], "live-s")


def test_what_cannot_be_made_is_refused_in_a_sentence() -> None:
    assert refusal(model="huge") == "No running worker has a model 'huge'; there is live-s, three."
    assert refusal(model="gone") == "Its file is lost."
    assert "live-s enlarges 2 times" in refusal(factor=3)
    assert "h264 or vp8" in refusal(codec="av1")
    assert refusal(pinned=["a b"]) == "'a b' is no name of a worker."
    both = "b is both pinned and excluded; take it out of one of the lists."
    assert refusal(pinned=["a", "b"], excluded=["b"]) == both


BEFORE = RenditionSpec(factor=2, pinned="a,b", excluded="c")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ""),
        ({"excluded": ["d"]}, ""),
        ({"excluded": ["b"]}, "b is both"),
        ({"pinned": ["c"]}, "c is both"),
        ({"pinned": ["c"], "excluded": []}, ""),
        ({"pinned": [], "excluded": ["a", "b"]}, ""),
        ({"pinned": []}, ""),
        ({"model": "three"}, "three enlarges 3 times"),
        ({"model": ""}, ""),
    ],
)
def test_a_change_is_checked_with_what_stays(changes: dict[str, Any], words: str) -> None:
    change = schemas.StreamChange(**changes)
    if not words:
        check_change(change, BEFORE, MODELS, "live-s")
        return
    with pytest.raises(BadRequest, match=words):
        check_change(change, BEFORE, MODELS, "live-s")


def test_the_record_has_its_own_words() -> None:
    settings = schemas.RenditionSettings(team="on", pinned=["a", "b"], excluded=["c"])
    spec = wire_spec(settings)
    assert (spec.strength, spec.team, spec.pinned, spec.excluded) == (-1.0, "on", "a,b", "c")
    assert wire_spec(schemas.RenditionSettings(strength=0.5)).strength == 0.5
    assert wire_team(schemas.StreamChange()) == {}
    assert wire_team(schemas.StreamChange(team="auto", pinned=[])) == {"team": "", "pinned": ""}
