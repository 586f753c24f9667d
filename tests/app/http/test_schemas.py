"""The JSON of the admin API: limits and types of what operators send, names of what they get."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from app.http import schemas
from app.http.schemas import Frames, RenditionSettings, StreamChange


def test_an_operator_may_leave_everything_to_the_defaults() -> None:
    settings = RenditionSettings.model_validate_json("{}")
    assert (settings.model, settings.factor, settings.strength) == ("", 0, None)
    assert (settings.codec, settings.kbps, settings.enhance) == ("", 0, True)
    change = StreamChange.model_validate_json("{}")
    assert (change.enhance, change.model, change.strength) == (None, None, None)
    assert (settings.team, settings.pinned, settings.excluded) == ("auto", [], [])
    assert (change.team, change.pinned, change.excluded) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("factor", ["0", "8", "-4"], ["-5", "9", "2.5", "true", '"2"', "null"]),
        ("strength", ["0", "1", "0.5", "null"], ["-0.001", "1.001", "true", '"0.5"', "NaN"]),
        ("kbps", ["0", "200000"], ["-1", "200001", "1.5", '"800"']),
        ("model", ['""', f'"{"a" * 64}"'], [f'"{"a" * 65}"', "1", "null", "[]"]),
        ("enhance", ["true", "false"], ["1", "0", '"true"', "null"]),
        ("codec", ['"vp8"'], ["8", "null"]),
        ("team", ['"auto"', '"on"', '"off"', '"regions"', '"frames"'], ['""', "true", "null"]),
        ("pinned", ["[]", '["dev1"]'], ['"dev1"', "[1]", "null"]),
        ("excluded", ["[]", '["dev1", "dev2"]'], ['"dev1"', "[1]", "null"]),
    ],
)
def test_each_value_is_of_its_own_type_and_within_its_limits(
    field: str, good: list[str], bad: list[str]
) -> None:
    for text in good:
        RenditionSettings.model_validate_json(f'{{"{field}": {text}}}')
    for text in bad:
        with pytest.raises(ValidationError):
            RenditionSettings.model_validate_json(f'{{"{field}": {text}}}')


@pytest.mark.parametrize("kind", [RenditionSettings, StreamChange])
def test_a_field_that_is_misspelt_is_refused(kind: type[BaseModel]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        kind.model_validate_json('{"strenght": 0.5}')


@pytest.mark.parametrize("text", ['{"strength": 1.5}', '{"enhance": 1}', '{"model": 5}', "[]"])
def test_a_change_of_a_wrong_type_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        StreamChange.model_validate_json(text)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "model": st.text(max_size=64),
            "factor": st.integers(0, 8),
            "strength": st.none() | st.floats(0, 1),
            "codec": st.text(max_size=10),
            "kbps": st.integers(0, 200_000),
            "enhance": st.booleans(),
            "team": st.sampled_from(["auto", "on", "off", "regions", "frames"]),
            "pinned": st.lists(st.text(max_size=64), max_size=8),
            "excluded": st.lists(st.text(max_size=64), max_size=8),
        },
    )
)
def test_what_is_answered_may_be_sent_again(values: dict[str, Any]) -> None:
    settings = RenditionSettings(**values)
    again = RenditionSettings.model_validate_json(settings.model_dump_json())
    assert again == settings


def test_incoming_frames_are_called_in() -> None:
    frames = Frames(in_=3, out=2, enhanced=1, bicubic=1, bypassed=0, dropped={}, levels={})
    shown = frames.model_dump(by_alias=True)
    assert shown["in"] == 3
    assert "in_" not in shown
    assert Frames.model_validate(shown) == frames


def test_fields_are_described_where_their_name_does_not_say_it() -> None:
    models = [
        each
        for each in vars(schemas).values()
        if isinstance(each, type) and issubclass(each, BaseModel) and each is not BaseModel
    ]
    assert len(models) > 20
    for model in models:
        for name, field in model.model_fields.items():
            words = field.description
            assert words is None or (words.strip() == words and len(words) > 5), (model, name)
        assert model.__doc__, model
